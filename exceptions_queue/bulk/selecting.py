"""Which members somebody means: items that were ticked, all that fits the list's filter, or ids that were pasted.

What is found is never more than somebody may act on. A selection is kept as data, so that it can be planned anew.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import QueryDict

from exceptions_queue.codes import id_of
from exceptions_queue.filters import WorkItemFilter
from exceptions_queue.models import State, WorkItem
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.verbs.members import NotPossible, WrongValue
from exceptions_queue.verbs.tag import kept_form
from governance.models import User
from governance.rights import Right
from routes.bulk import texts

MOST = 50_000  # members of one bulk run
MOST_NAMES = 10_000  # ids that are pasted or uploaded
IDS = f"1 to {MOST_NAMES:,} keys of records, or numbers of exceptions"
TOLD = 20  # of what was not found
NAMES = frozenset(WorkItemFilter.base_filters)  # of what the list can be narrowed by
OPEN = tuple(state for state in State if state != State.RESOLVED)
TABS: dict[str, tuple[State, ...]] = {  # the lists that addresses name, by the states of what stands in them
    "open": OPEN, "work": (State.NEW, State.TRIAGED, State.IN_PROGRESS, State.PENDING_APPROVAL),
    "waiting": (State.WAITING, State.SNOOZED), "sent": (State.RESUBMITTED,), "resolved": (State.RESOLVED,),
}  # fmt: skip
NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)

# All keys of a part at once: the index is gone through once then, and not entered anew for each key and month.
BY_KEY = """
WITH found AS (
    SELECT r.key, f.id, f.fingerprint FROM routes_record r
    JOIN routes_failure f ON f.record_id = r.id AND f.closed_at IS NULL
    WHERE r.route_id = ANY(ARRAY(SELECT id FROM routes_route)) AND r.key = ANY(%(keys)s::text[])
    UNION
    SELECT t.key, f.id, f.fingerprint FROM routes_transaction t
    JOIN routes_failure f ON f.transaction_id = t.id AND f.closed_at IS NULL
    WHERE t.destination_id = ANY(ARRAY(SELECT id FROM routes_destination)) AND t.key = ANY(%(keys)s::text[])
)
SELECT found.key, found.id, i.number FROM found
JOIN exceptions_queue_workitem i ON i.fingerprint = found.fingerprint AND i.state <> 'resolved'
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """How the members were chosen: one of the four ways."""

    items: tuple[int, ...] = ()  # numbers of whole items
    failures: tuple[UUID, ...] = ()  # members that were ticked on an item's page
    asked: Mapping[str, Any] | None = None  # the list's filter, as the FilterSet takes it
    names: tuple[str, ...] = ()  # business keys, or numbers of items, as they were pasted

    def kept(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {
            "items": list(self.items), "failures": [str(each) for each in self.failures],
            "asked": None if self.asked is None else dict(self.asked), "names": list(self.names),
        }  # fmt: skip

    def words(self) -> str:
        """Return in words how the members were chosen."""
        if self.asked is not None:
            return f"All exceptions that fit: {told(self.asked)}"
        if self.names:
            return f"{len(self.names):,} ids that were pasted or uploaded"
        if self.failures:
            return f"{len(self.failures):,} chosen on the page of an exception"
        several = f"{len(self.items):,} exceptions" if len(self.items) != 1 else f"Exception {self.items[0]}"
        return f"{several}, with all that they hold" if len(self.items) != 1 else f"{several}, with all that it holds"


@dataclass(slots=True)
class Found:
    """What a selection comes to."""

    items: list[int] = field(default_factory=list)  # in the order in which they are taken on
    failures: list[UUID] | None = None  # None: all open members of the items
    unknown: list[str] = field(default_factory=list)  # pasted ids under which nothing is open


def read(kept: Mapping[str, Any]) -> Selection:
    """Return a selection that was kept."""
    return Selection(
        tuple(kept["items"]), tuple(UUID(each) for each in kept["failures"]), kept["asked"], tuple(kept["names"])
    )


def asked_by(given: QueryDict) -> dict[str, Any]:
    """Return the filter of a list's address, as the FilterSet takes it."""
    if "q" in given and "query" in NAMES:
        line = str(given["q"]).strip()
        return {"query": line} if line else {}
    found: dict[str, Any] = {"state": [str(state) for state in TABS[given.get("show", "work")]]}
    for name, own in (("entity", "legal_entity"), ("tag", "tag"), *((n, n) for n in WorkItemFilter.base_filters)):
        if name == "state":
            chosen = [state for state in given.getlist("state") if state in State.values]
            found["state"] = chosen or found["state"]
        elif value := str(given.get(name, "")).strip():
            found[own] = kept_form(value) if own == "tag" else value
    return found


def told(asked: Mapping[str, Any]) -> str:
    """Return a filter in words."""
    parts = []
    for name, value in asked.items():
        if name == "state":
            parts.append(" or ".join(State(each).label for each in value))
        else:
            parts.append(f"{name.replace('_', ' ')} {value}")
    return "; ".join(parts) or "all"


def names_in(text: str) -> tuple[str, ...]:
    """Return the ids of a text: one in a line, or between commas or semicolons, or the first column of a file.

    Raises NotPossible where there are none, or too many.
    """
    lines = [re.split(r"[;,\t]", line.strip())[0].strip().strip('"') for line in text.splitlines()]
    if len([line for line in lines if line]) == 1:
        lines = [part.strip().strip('"') for part in re.split(r"[;,\t\n]", text)]
    found = list(dict.fromkeys(line for line in lines if line))
    if not found:
        raise WrongValue(
            "There are no ids. Write one in each line: keys of records, or numbers of exceptions.",
            at="ids", accepted=IDS,
        )  # fmt: skip
    if len(found) > MOST_NAMES:
        raise WrongValue(
            f"These are {len(found):,} ids; at most {MOST_NAMES:,} can be given at once. Send fewer.",
            at="ids", accepted=IDS,
        )  # fmt: skip
    if longest := next((each for each in found if len(each) > 200 or "\x00" in each), None):
        raise WrongValue(
            f"“{longest[:40]}…” is no id: none has more than 200 characters. Correct that line.",
            at="ids", accepted=IDS,
        )  # fmt: skip
    return tuple(found)


def failures_in(codes: Iterable[str]) -> tuple[UUID, ...]:
    """Return the members that were ticked on a page. Raises NotPossible."""
    try:
        return tuple(dict.fromkeys(id_of(each) for each in codes))
    except ValueError as error:
        raise NotPossible("One of the chosen rows is not known. Load the page again.") from error


def filtered(asked: Mapping[str, Any], rows: WorkItemQuerySet, user: User) -> WorkItemQuerySet:
    """Return what fits a filter. Raises NotPossible with what is wrong in it."""
    given = QueryDict(mutable=True)
    for name, value in asked.items():
        given.setlist(name, value if isinstance(value, list) else [value])
    form = WorkItemFilter(
        given, queryset=rows, request=SimpleNamespace(user=user)
    )  # its user is all that is asked of it
    if not form.is_valid():
        wrong = "; ".join(f"{name.replace('_', ' ')}: {' '.join(map(str, said))}" for name, said in form.errors.items())
        words = f"What you filter by is not understood: {wrong}"
        raise WrongValue(words, at=f"filter/{next(iter(form.errors))}", accepted="what the list is filtered by")
    found: WorkItemQuerySet = form.qs
    return found


def find(selection: Selection, *, user: User, right: Right) -> Found:
    """Return what a selection comes to of what somebody has the right for. At most four queries.

    Raises NotPossible for a filter that is not understood.
    """
    mine = WorkItem.objects.visible_to(user, right)
    if selection.asked is not None:
        return Found(_ordered(filtered(selection.asked, mine, user)))
    if selection.names:
        return _named(selection.names, mine)
    items = _ordered(mine.filter(number__in=selection.items))
    return Found(items, list(selection.failures) if selection.failures else None)


def _ordered(rows: WorkItemQuerySet) -> list[int]:
    return list(rows.by_money().values_list("number", flat=True)[: MOST + 1])


def _named(names: Sequence[str], mine: WorkItemQuerySet) -> Found:
    with connection.cursor() as cursor:
        cursor.execute(BY_KEY, {"keys": texts(names)})
        rows = cursor.fetchall()
    visible = set(mine.filter(number__in={number for _, _, number in rows}).values_list("number", flat=True))
    rows = [row for row in rows if row[2] in visible]
    keys = {key for key, _, _ in rows}
    numbers = {int(match[1]): name for name in names if name not in keys and (match := NUMBER.fullmatch(name))}
    whole = _ordered(mine.filter(number__in=list(numbers)))
    failures = [id_ for _, id_, _ in rows]
    if whole:
        failures += members_of(whole)
    found = Found(list(dict.fromkeys([*(number for _, _, number in rows), *whole])), failures)
    named_items = {numbers[number] for number in whole}
    found.unknown = [name for name in names if name not in keys and name not in named_items]
    return found


def members_of(items: Sequence[int]) -> list[UUID]:
    """Return the open members of items. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id FROM exceptions_queue_workitem i JOIN routes_failure f ON f.fingerprint = i.fingerprint"
            " AND f.closed_at IS NULL WHERE i.number = ANY(%s) LIMIT %s",
            [list(items), MOST + 1],
        )
        return [id_ for (id_,) in cursor.fetchall()]
