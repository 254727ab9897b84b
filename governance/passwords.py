"""Passwords, and what follows when one person sets another's: the account approves nothing until a third vouches.

Whoever sets a password could sign in with it. So an account whose password another person has set keeps only the rights
that need no trust in who is at the keyboard, until its owner has chosen a password of their own and a third person, who
is neither of the two, has vouched that the account is in its owner's hands. Whoever holds the operator's shell may
vouch by a command, else a firm with only one such person could never begin. The value of a password is never written.
"""

from django.db import models, transaction

from governance import audit, custody, programs, provider_links
from governance.actor import By, as_actor, names
from governance.models import ApiClient, User
from governance.rights import ENTRUSTED, NotAllowed, allowed, allowed_anywhere
from governance.same_person import is_one_of


@transaction.atomic
def was_set(user: User, *, by: By, reason: str = "") -> None:
    """Note that somebody has set a password, their own or another's; no program acts for the account any more.

    Raises NotAllowed.
    """
    actor = as_actor(by)
    if actor == as_actor(user):
        User.objects.filter(pk=user.pk).update(password_is_own=True)
        user.password_is_own = True
        custody.is_own_again(user)
        ended = programs.end_all(user) or None
        audit.record(by=by, verb="change_password", thing=user, before=ended, reason=reason)
        return
    custody.require_to_act_on(custody.lock(user), who=by, deed="set the password of")
    User.objects.filter(pk=user.pk).update(password_is_own=False, password_set_by=actor.reference)
    user.password_is_own, user.password_set_by = False, actor.reference
    custody.opened_by(user, actor)
    audit.record(by=by, verb="set_password", thing=user, before=programs.end_all(user) or None, reason=reason)


def waiting() -> models.QuerySet[User]:
    """Return the accounts that nobody has vouched for since another person set their password."""
    people = User.objects.filter(is_active=True).exclude(
        pk__in=ApiClient.objects.exclude(user=None).values("user")
    )  # nobody can vouch for a program
    return people.exclude(password_set_by="").order_by("username")


def may_vouch(by: By) -> bool:
    """Return whether somebody holds a right for which people vouch for each other."""
    return any(allowed_anywhere(by, right) for right in sorted(ENTRUSTED))


def _may_vouch_for(account: User, by: By) -> bool:
    if account.is_superuser:
        return any(allowed(by, right, None) for right in sorted(ENTRUSTED))
    return any(custody.has_wherever(account, right, who=by) for right in sorted(ENTRUSTED))


@transaction.atomic
def vouch(user: User, *, by: By, reason: str, address: str = "") -> None:
    """Confirm that an account whose password another person set is in its owner's hands. Raises NotAllowed.

    Where another person has set its e-mail address, whoever that let in through a provider is let in no more: the next
    sign-in links the account anew, by the address. `address` is the one of which the voucher says that it is the
    owner's; without it the address stays one that another has set.
    It gives the account its entrusted rights back, so it asks for one of them wherever the account has a role: else two
    people of one company would open an account that another company trusts.
    """
    row = custody.lock(user)
    if not row.password_set_by:
        return
    name = row.get_full_name() or row.get_username()
    if not may_vouch(by):
        raise NotAllowed(f"You may not vouch for {name}. Ask somebody who may approve or give roles.")
    if not _may_vouch_for(row, by):
        raise NotAllowed(
            f"You may not vouch for {name}, who has a role where you may neither approve nor give roles. "
            "Ask somebody who may do that in every company where this account has a role."
        )
    if is_one_of(by, row.password_set_by, as_actor(row).reference, *row.credentials_set_by):
        raise NotAllowed(
            f"You set the password of {name}, or it is your own account. Ask a third person to vouch for it."
        )
    if not row.password_is_own:
        raise NotAllowed(f"{name} still signs in with the password that was set. Ask {name} to change it first.")
    if not reason.strip():
        raise NotAllowed(f"Say how you know that {name} uses this account, for example: we spoke on the phone.")
    if address and address.casefold() != row.email.casefold():
        raise NotAllowed(
            f"The e-mail address of {name} is another one by now. Load the page and look whether it is theirs."
        )
    before: dict[str, object] = {"password set by": names([row.password_set_by])[row.password_set_by]}
    if row.email_set_by and (ended := provider_links.end_all(row)):
        before["providers"] = ended
    row.email_set_by = "" if address else row.email_set_by
    row.password_set_by, row.credentials_set_by = "", []
    row.save(update_fields=["password_set_by", "email_set_by", "credentials_set_by"])
    audit.record(by=by, verb="vouch", thing=row, before=before, reason=reason)
