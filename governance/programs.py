"""Programs that act for people (OAuth 2.0, authorization code): which, how far, since when; and how that ends.

Whoever ends one takes all that it has: access, refresh, and codes that are not redeemed yet. Tokens are given only
under a lock of the account's row (`governance.api.token_rules`), which every verb here holds: none slips through.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model
from oauth2_provider.settings import oauth2_settings

from governance import audit, custody
from governance.api import scopes
from governance.models import ApiClient, User

SEEN = timedelta(minutes=1)  # how exact "last used" is: each request would else write a row
KINDS = (get_refresh_token_model, get_access_token_model, get_grant_model)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that may act for somebody."""

    client: ApiClient
    scopes: tuple[str, ...]  # of all its tokens that live, without those of legal entities
    companies: tuple[str, ...]  # codes of the legal entities to which all its tokens are kept; none: by roles alone
    since: datetime  # when somebody let it first, of what lives; what is renewed keeps that
    last_used: datetime  # to the minute; asking for new tokens counts


def of(user: User) -> list[Program]:
    """Return what may act for somebody now, the one used last first. Three queries."""
    now = timezone.now()
    lasts = timedelta(seconds=oauth2_settings.REFRESH_TOKEN_EXPIRE_SECONDS)
    access = list(get_access_token_model().objects.filter(user=user).select_related("application"))
    kept = get_refresh_token_model().objects.filter(user=user)
    refresh = list(kept.values_list("application", "access_token", "created", "revoked"))
    renewed = {token for _, token, _, revoked in refresh if token and revoked is None}
    alive = [each for each in access if each.expires + (lasts if each.pk in renewed else timedelta()) > now]
    found = []
    for client in {each.application_id: each.application for each in alive if each.application}.values():
        own = [each for each in alive if each.application_id == client.pk]
        begun = [each.created for each in own] + [at for app, _, at, _ in refresh if app == client.pk]
        reaches = [scopes.companies(each.scope.split(), client) for each in own]
        codes = tuple(sorted({code for reach in reaches for code in reach})) if all(reaches) else ()
        may = dict.fromkeys(
            scope for each in own for scope in each.scope.split() if not scope.startswith(scopes.ENTITY)
        )
        found.append(Program(client, tuple(may), codes, min(begun), max(each.updated for each in own)))
    return sorted(found, key=lambda each: each.last_used, reverse=True)


@transaction.atomic
def end(number: int, *, by: User) -> ApiClient:
    """Let a program act for oneself no more; raises Http404 for one that does not (any more)."""
    custody.lock(by)
    client: ApiClient | None = ApiClient.objects.filter(pk=number).first()
    if client is None or not _take(by, [number]):
        raise Http404("This program acts for you no more.")
    audit.record(by=by, verb="end_program", thing=by, before={"program": client.name})
    return client


def end_all(user: User) -> dict[str, list[str]]:
    """End all programs of somebody, within a deed that holds their row and writes its own audit entry.

    Returns what belongs into that entry: their names, nothing where there were none.
    """
    taken = _take(user, None)
    names = sorted(ApiClient.objects.filter(pk__in=taken).values_list("name", flat=True))
    return {"programs": names} if names else {}


def used(token: Any) -> None:
    """Note that a token of a person was shown, to the minute."""
    now = timezone.now()
    if now - token.updated >= SEEN:
        get_access_token_model().objects.filter(pk=token.pk).update(updated=now)


def _take(user: User, clients: Iterable[int] | None) -> set[int]:
    """Take all tokens from clients (None: all of them); return those that had any which lived."""
    taken: set[int] = set()
    for model in KINDS:
        rows = model().objects.filter(user=user)
        if clients is not None:
            rows = rows.filter(application__in=clients)
        living = rows.filter(revoked=None) if model is get_refresh_token_model else rows
        taken |= set(living.values_list("application", flat=True))
        rows.delete()
    return taken
