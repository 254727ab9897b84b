"""Notices rows that others have put under a key while somebody typed one for the same days."""

from collections.abc import Collection, Iterable

from django.db.models import Max

from governance.actor import names
from mappings.locking import locked
from mappings.models import LookupTable
from mappings.tables import NewRow, RowErrors, RowProblem, touch

SHOWN = 20  # rows that are told


def newest(table: LookupTable) -> int:
    """Return the number of the newest row of a table: what its page can have shown reaches so far. One query."""
    return table.rows.aggregate(newest=Max("pk"))["newest"] or 0


def shown_until(text: str) -> int:
    """Return the number that a form carried; 0, of one that has seen no row, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def refuse_unseen(table: LookupTable, rows: Iterable[NewRow], until: int, known: Collection[int] = ()) -> None:
    """Raise RowErrors where rows would take the place of newer ones than `until`; lock the table till the commit.

    Those that are `known` besides, by their numbers, were shown. Values are not told: whoever adds a row
    may not be allowed to see them all.
    """
    locked(table)
    by_key = {row.key: (number, row) for number, row in reversed(list(enumerate(rows, 1)))}
    there = table.rows.in_force() | table.rows.waiting()
    newer = there.with_keys(list(by_key)).filter(pk__gt=until).exclude(pk__in=known).order_by("pk") if by_key else ()
    found = [(*by_key[row.words], row) for row in newer if touch(by_key[row.words][1], row)][:SHOWN]
    people = names({row.proposed_by for _, _, row in found})
    if found:
        raise RowErrors(
            [
                RowProblem(
                    number, "key",
                    f"{people[row.proposed_by]} has put a row there on {row.proposed_at:%Y-%m-%d %H:%M} UTC, for days "
                    "of yours, and your page has not shown it. Nothing of yours is kept yet.",
                    "Look at it in the table. Send yours once more to put it in its place.",
                )
                for number, _, row in found
            ]
        )  # fmt: skip
