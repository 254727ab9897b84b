"""Rows that somebody acts on by what a page or a request has read: as they are now, or gone meanwhile, in words."""

from typing import TypeVar

from django.db import models

from governance.versions import WrongState

Row = TypeVar("Row", bound=models.Model)


class Gone(WrongState):  # reads as what happened
    """Somebody else has deleted meanwhile what a person acts on; nothing was done. The message says what."""


def held(rows: "models.QuerySet[Row]", row: Row, *, whole: bool = False) -> Row:
    """Return one of these rows as it is now, kept from others until the commit. Raises Gone.

    Of two who end the same at once the second waits here for the first, and is told. Rows that refer to it can be made
    meanwhile, unless it is held as a `whole`, which waits for those that are being made.
    """
    found = rows.select_for_update(of=("self",), no_key=not whole).filter(pk=row.pk).first()
    if found is None:
        raise gone(row)
    return found


def gone(row: models.Model) -> Gone:
    """Return what is said of a row that is there no more."""
    return Gone(f"“{row}” is not there any more: somebody has deleted it meanwhile. Nothing was done.")
