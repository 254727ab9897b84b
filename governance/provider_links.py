"""Which account at a provider (OpenID Connect) opens which account here: made once, by a verified e-mail address.

After that the provider's own number of the person decides. An address that is given to somebody else there opens
nothing here. Whoever sets another's address could come in by it: such an account approves nothing until a third person
has vouched for it, as with a password that another person has set. Such an address stays one that another has set until
its owner sets theirs, or whoever vouches says that it is the owner's; and whom it has let in is let in no more then.
"""

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from governance import audit, custody, same_person
from governance.actor import By, as_actor
from governance.models import User
from governance.rights import NotAllowed


class NoAccount(Exception):
    """Nobody here is who the provider says. The message is the reason, for the audit entry."""


@transaction.atomic
def link(*, provider: str, uid: str, emails: list[str]) -> User:
    """Link the one open account with a verified address of these to the provider's person; raises NoAccount."""
    found = {user.pk: user for email in emails for user in User.objects.filter(email__iexact=email, is_active=True)}
    if len(found) != 1:
        raise NoAccount("several accounts have this address" if found else "no open account has a verified address")
    user = User.objects.select_for_update().get(pk=next(iter(found)))
    if SocialAccount.objects.filter(user=user, provider=provider).exists():
        raise NoAccount("the account belongs to somebody else at the provider")
    if user.email_set_by:
        user.password_set_by = user.password_set_by or user.email_set_by
        user.credentials_set_by = same_person.only_people([*user.credentials_set_by, user.email_set_by])
        user.save(update_fields=["password_set_by", "credentials_set_by"])
    SocialAccount.objects.create(user=user, provider=provider, uid=uid)
    audit.record(by=user, verb="link_provider", thing=user, after={"provider": provider})
    return user


@transaction.atomic
def email_was_set(user: User, *, by: By) -> None:
    """Remember who set somebody's e-mail address, if it was another person or may have been one. Raises NotAllowed."""
    actor, row = as_actor(by), custody.lock(user)
    if actor != as_actor(user):
        custody.require_to_act_on(row, who=by, deed="set the e-mail address of")
        setter = actor.reference
    else:
        setter = next(iter(same_person.behind(by)), "")  # who may be at the owner's keyboard
        if row.email_set_by and not setter:
            end_all(row)  # whom the other's address has let in is let in no more
    user.email_set_by = setter if user.email else ""
    User.objects.filter(pk=user.pk).update(email_set_by=user.email_set_by)


def end_all(user: User) -> list[str]:
    """Take away what opens an account through providers; return of which. In the caller's commit."""
    links = SocialAccount.objects.filter(user=user)
    providers = sorted(links.values_list("provider", flat=True))
    links.delete()
    return providers


@transaction.atomic
def unlink(user: User, *, by: User, reason: str) -> None:
    """Take away what opens an account through providers, so that the next sign-in links it anew. Raises NotAllowed."""
    name = user.get_full_name() or user.get_username()
    custody.require_to_act_on(custody.lock(user), who=by, deed="unlink the account of")
    if not reason.strip():
        raise NotAllowed("Say why, for example: got a new account at the provider.")
    names = end_all(user)
    if not names:
        raise ValueError(f"{name} has never come in through a provider, so there is nothing to unlink.")
    audit.record(by=by, verb="unlink_provider", thing=user, before={"providers": names}, reason=reason)
