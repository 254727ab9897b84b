"""Sessions of people: where somebody is signed in, since when, last used when; and how they end."""

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import Http404

from governance import audit, custody, programs
from governance.models import User


def of(user: User) -> list[UserSession]:
    """Return somebody's sessions that still live, the one used last first; forgets those that have run out."""
    return sorted(UserSession.objects.purge_and_list(user), key=lambda each: each.last_seen_at, reverse=True)


@transaction.atomic
def end(number: int, *, by: User) -> UserSession:
    """End one session of one's own; raises Http404 for another's, and for one that is gone."""
    session = UserSession.objects.select_for_update().filter(user=by, pk=number).first()
    if session is None:
        raise Http404("This session has ended already.")
    _end(session)
    audit.record(by=by, verb="end_session", thing=by, before=_told(session))
    return session


@transaction.atomic
def end_others(*, by: User, but: str) -> int:
    """End all sessions of one's own but the one with this key, and all programs that act for one.

    Returns how many sessions.
    """
    custody.lock(by)
    others = list(UserSession.objects.select_for_update().filter(user=by).exclude(session_key=but))
    for each in others:
        _end(each)
    ended = programs.end_all(by)
    if others or ended:
        before = {"sessions": [_told(each) for each in others], **ended}
        audit.record(by=by, verb="end_sessions", thing=by, before=before)
    return len(others)


def end_all(user: User) -> None:
    """End every session of somebody, within a deed that writes its own audit entry."""
    for each in UserSession.objects.select_for_update().filter(user=user):
        _end(each)


def _end(session: UserSession) -> None:
    session.end()


def _told(session: UserSession) -> dict[str, str]:
    return {"address": session.ip, "browser": session.user_agent}
