"""Asks what goes by a company's calendar: as long as something does, the calendar is not deleted.

Only whoever goes by one knows: they answer the signal, and nothing here knows who they are.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.dispatch import Signal

if TYPE_CHECKING:
    from governance.models import BusinessCalendar

asked_about = (
    Signal()
)  # calendar=BusinessCalendar; an answer is a list of sentences: what goes by it, and what ends that


def kept(calendars: "Iterable[BusinessCalendar]") -> "dict[BusinessCalendar, str]":
    """Return why some calendars may not be deleted, in words."""
    found = {}
    for each in calendars:
        answers: list[tuple[Any, Any]] = asked_about.send(sender=type(each), calendar=each)
        if words := [sentence for _, answer in answers for sentence in answer]:
            found[each] = " ".join([f"{each} is in use.", *words])
    return found


def refuse_delete(calendars: "Iterable[BusinessCalendar]") -> None:
    """Raise ProtectedError, in words, where something goes by one of the calendars."""
    if found := kept(calendars):
        raise models.ProtectedError(" ".join(found.values()), set(found))
