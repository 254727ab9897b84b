"""The second factor, a code from an app on one's telephone: who must have one, and what helps who has lost theirs."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from governance import audit, custody, programs, sessions
from governance.actor import as_actor
from governance.models import RoleGrant, User
from governance.rights import NotAllowed
from governance.roles import ENTRUSTED, ROLE_RIGHTS

MISSING = "Your roles demand a second factor. Sign in to the hub's pages and set one up."
ROLES = tuple(role for role, rights in ROLE_RIGHTS.items() if rights & ENTRUSTED)  # those that approve or administer


def is_on(user: User) -> bool:
    """Return whether signing in asks somebody for a code."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def is_compulsory(user: User) -> bool:
    """Return whether the operator's setting and somebody's roles demand it; whose password was set counts as well."""
    if not settings.TOTP_REQUIRED:
        return False
    return user.is_superuser or RoleGrant.objects.filter(user=user, role__in=ROLES).exists()


def is_missing(user: User) -> bool:
    """Return whether somebody has to set one up before anything else."""
    return is_compulsory(user) and not is_on(user)


@transaction.atomic
def reset(user: User, *, by: User, reason: str) -> None:
    """Take the second factor and recovery codes from somebody who has lost them, and end their sessions and programs.

    Raises NotAllowed. It opens nothing by itself: who comes in still has to know the password.
    """
    name = user.get_full_name() or user.get_username()
    custody.require_to_act_on(custody.lock(user), who=by, deed="reset the second factor of")
    if as_actor(by) == as_actor(user):
        raise NotAllowed("Your own second factor cannot be reset by yourself. Remove it under your name, with a code.")
    if not reason.strip():
        raise NotAllowed(f"Say how you know that {name} asks for it, for example: we spoke on the phone.")
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if not gone:
        raise ValueError(f"{name} has no second factor, so there is nothing to reset.")
    custody.opened_by(user, as_actor(by))
    sessions.end_all(user)
    audit.record(by=by, verb="reset_second_factor", thing=user, before=programs.end_all(user) or None, reason=reason)
