"""Clients of the API: registering one, a new secret, switching it off. For those who manage users; audited.

A client acts as an account of its own, which gets roles like anybody. Its secret is known to whoever registered it, so
that account never approves anything, and who has had its secret approves nothing that it wrote: four eyes need two
people (see `governance.same_person`).
"""

from collections.abc import Collection

from django.db import transaction
from django.utils.text import slugify
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from governance import audit
from governance.actor import ActorKind, By, as_actor
from governance.api.scopes import LAYERS, offered
from governance.models import ApiClient, User
from governance.rights import Right, require

PREFIX = "client-"  # user names of the accounts that clients act as


@transaction.atomic
def register(
    *, name: str, scopes: Collection[str], by: By, redirect_uris: str = "", requests_per_minute: int | None = None
) -> tuple[ApiClient, str]:
    """Register a client and return it with its secret, which is shown this once and kept as a hash.

    With `redirect_uris` it is a program of people, who let it act for them (authorization code with PKCE, no secret).
    Raises NotAllowed, and ValueError or ValidationError in words.
    """
    require(by, Right.MANAGE_USERS, None)
    wanted = _checked(scopes)
    of_people = bool(redirect_uris.strip())
    secret = "" if of_people else generate_client_secret()
    client = ApiClient(
        name=name.strip(),
        scopes=wanted,
        requests_per_minute=requests_per_minute,
        redirect_uris=redirect_uris.strip(),
        client_type=ApiClient.CLIENT_PUBLIC if of_people else ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=(
            ApiClient.GRANT_AUTHORIZATION_CODE if of_people else ApiClient.GRANT_CLIENT_CREDENTIALS
        ),
        client_secret=secret,
        secret_known_to=[] if of_people else _people(by),
        user=None if of_people else _account(name, by),
    )
    if not client.name:
        raise ValueError("A client needs a name, by which people know it, such as Time tool.")
    client.full_clean(exclude=["client_secret"])
    client.save()
    _record(client, by, "register", after={"scopes": wanted, "acts as": str(client.user) if client.user else "people"})
    return client, secret


@transaction.atomic
def change(
    client: ApiClient, *, by: By, scopes: Collection[str], enabled: bool, requests_per_minute: int | None
) -> ApiClient:
    """Change what a client may ask for; one that is switched off loses its tokens. Raises NotAllowed and ValueError."""
    require(by, Right.MANAGE_USERS, None)
    row: ApiClient = ApiClient.objects.select_for_update().get(pk=client.pk)
    before = {"scopes": row.scopes, "enabled": row.enabled, "requests_per_minute": row.requests_per_minute}
    row.scopes, row.enabled, row.requests_per_minute = _checked(scopes, row.scopes), enabled, requests_per_minute
    row.save(update_fields=["scopes", "enabled", "requests_per_minute", "updated"])
    if not enabled:
        _revoke_tokens(row)
    after = {"scopes": row.scopes, "enabled": row.enabled, "requests_per_minute": row.requests_per_minute}
    _record(row, by, "change", before=before, after=after)
    return row


@transaction.atomic
def renew_secret(client: ApiClient, *, by: By, reason: str = "") -> str:
    """Give a client a new secret and return it; the old one and all its tokens count no more.

    Raises NotAllowed, and ValueError for a client without one.
    """
    require(by, Right.MANAGE_USERS, None)
    row = ApiClient.objects.select_for_update().get(pk=client.pk)
    if row.client_type != ApiClient.CLIENT_CONFIDENTIAL:
        raise ValueError(f"{row} has no secret: people let it act for them.")
    row.client_secret = secret = str(generate_client_secret())
    row.secret_known_to = list(dict.fromkeys([*row.secret_known_to, *_people(by)]))
    row.save(update_fields=["client_secret", "secret_known_to", "updated"])
    _revoke_tokens(row)
    _record(row, by, "renew_secret", reason=reason)
    return secret


def _people(by: By) -> list[str]:
    """Return the reference of a person; the engine and rules keep no secret to act with."""
    actor = as_actor(by)
    return [actor.reference] if actor.kind is ActorKind.PERSON else []


def _account(name: str, by: By) -> User:
    if ApiClient.objects.exclude(user=None).filter(name__iexact=name.strip()).exists():
        raise ValueError(f"There is a client called {name.strip()} already. Give this one another name.")
    user = User(
        username=_free(f"{PREFIX}{slugify(name) or slugify(name, allow_unicode=True) or 'unnamed'}"[:100]),
        first_name=name.strip()[:150],
        password_set_by=as_actor(by).reference,
        password_is_own=False,
    )
    user.set_unusable_password()
    user.save()
    return user


def _free(username: str) -> str:
    """Return a user name that nobody has: several names of clients may come to the same one."""
    taken = set(User.objects.filter(username__startswith=username).values_list("username", flat=True))
    return next(each for each in (username, *(f"{username}-{n}" for n in range(2, 9999))) if each not in taken)


def _checked(scopes: Collection[str], stand: Collection[str] = ()) -> list[str]:
    unknown = sorted(set(scopes) - offered(stand).keys())
    if unknown or not set(scopes) & set(LAYERS):
        found = f"There is no scope {', '.join(unknown)}. " if unknown else ""
        raise ValueError(f"{found}A client needs at least one of {', '.join(LAYERS)}, and may be kept to companies.")
    return sorted(set(scopes))


def _revoke_tokens(client: ApiClient) -> None:
    get_access_token_model().objects.filter(application=client).delete()
    get_refresh_token_model().objects.filter(application=client).delete()
    get_grant_model().objects.filter(application=client).delete()


def _record(
    client: ApiClient, by: By, verb: str, *, before: object = None, after: object = None, reason: str = ""
) -> None:
    thing = ("governance.apiclient", str(client.pk), client.name)
    audit.record(by=by, verb=verb, thing=thing, before=before, after=after, reason=reason)
