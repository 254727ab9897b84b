"""Closing and opening accounts. Somebody who leaves keeps their name on what they did, and comes in no more."""

from django.db import transaction

from governance import audit, custody, programs, sessions
from governance.actor import By, as_actor
from governance.models import User
from governance.rights import NotAllowed


@transaction.atomic
def close(user: User, *, by: By, reason: str) -> None:
    """Let somebody sign in no more; their sessions end, and no program acts for them.

    Roles stay with the account and give nothing meanwhile. Closing what is closed changes nothing. Raises NotAllowed.
    """
    row = _locked(user, by, reason, "close the account of")
    if as_actor(by) == as_actor(row):
        raise NotAllowed("Your own account cannot be closed by yourself. Ask another operator who manages users.")
    if row.is_active:
        sessions.end_all(row)
        _set(row, False, by, "close_account", reason, programs.end_all(row))


@transaction.atomic
def open_again(user: User, *, by: By, reason: str) -> None:
    """Let somebody sign in again, with the roles that their account has. Raises NotAllowed."""
    row = _locked(user, by, reason, "open the account of")
    if not row.is_active:
        _set(row, True, by, "open_account", reason)


def _locked(user: User, by: By, reason: str, what: str) -> User:
    row = custody.lock(user)
    custody.require_to_act_on(row, who=by, deed=what)
    if not reason.strip():
        raise NotAllowed(f"Say why, for example: {row.get_full_name() or row.get_username()} has left the firm.")
    return row


def _set(row: User, active: bool, by: By, verb: str, reason: str, ended: dict[str, list[str]] | None = None) -> None:
    row.is_active = active
    row.save(update_fields=["is_active"])
    before = {"is_active": not active, **(ended or {})}
    audit.record(by=by, verb=verb, thing=row, before=before, after={"is_active": active}, reason=reason)
