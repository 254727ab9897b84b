"""Says what keeps a thing from being deleted: what uses it, as far as somebody may see that, and what to do first."""

from collections.abc import Iterable

from django.db import models

from governance.actor import By

NAMED = 5  # of those that use it
ELSEWHERE = "something of another company"


def told(users: Iterable[models.Model], by: By, *, instead: str = "") -> str:
    """Return what uses a thing and the remedy: "route Plan and something of another company. Remove these first."

    Rows that `by` may not see are not named. `instead` is another way out, such as "keep its file". One query for each
    kind of row.
    """
    rows = list(users)
    seen = _seen(rows, by)
    named = sorted(f"{row._meta.verbose_name} {row}" for row in rows if (type(row), row.pk) in seen)
    hidden = len(named) < len(rows)
    more = [f"{len(named) - NAMED:,} more"] if len(named) > NAMED else []
    tail = [*more, *([ELSEWHERE] if hidden else [])]
    words = ", ".join(named[:NAMED]) + "".join(f" and {each}" for each in tail)
    remedy = f"Remove these first{f', or {instead}' if instead else ''}."
    if hidden:
        remedy += " What is of another company is removed by somebody who may change it there."
    return f"{words.removeprefix(' and ')}. {remedy}"


def _seen(rows: list[models.Model], by: By) -> set[tuple[type[models.Model], object]]:
    """Return the rows that somebody may see, by their model and number; those that belong to no company are seen."""
    found: set[tuple[type[models.Model], object]] = set()
    for model in {type(row) for row in rows}:
        ids = [row.pk for row in rows if type(row) is model]
        visible_to = getattr(model._default_manager.all(), "visible_to", None)
        if visible_to is None:
            found |= {(model, pk) for pk in ids}
        else:
            found |= {(model, pk) for pk in visible_to(by).filter(pk__in=ids).values_list("pk", flat=True)}
    return found
