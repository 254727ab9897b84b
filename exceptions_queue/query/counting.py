"""How many items of a line there are for each value of a word: what stands beside the list, always or once opened.

A value's number is what the list would have if that value alone were chosen of its word: all else of the line counts,
what it turns round included. An item counts once for a value, however much it holds. Numbers are counted when they are
shown, from what somebody may see; those of very many items are shown again for some seconds (`kept`). All open items
are counted; of resolved ones, where a line means these, only the last.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, SmallIntegerField, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from canonical.entity import Mask
from connectors.models import Connection
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemTag
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query import kept
from exceptions_queue.query.compiled import (
    CONDITIONS,
    OPEN,
    Asker,
    condition,
    of_word,
    only_open,
    only_resolved,
    shown_whole,
)
from exceptions_queue.query.line import Value as Written
from exceptions_queue.query.line import toggled, with_values, write
from exceptions_queue.query.values import folded
from exceptions_queue.query.words import WORDS, Understood
from governance.actor import as_actor, names
from governance.models import LegalEntity, User
from routes.models import Destination, Route

ALWAYS = ("class", "team", "due", "amount")
ON_REQUEST = (
    "is", "entity", "assignee", "tag", "type", "client", "project", "contract", "worker", "period", "currency", "route",
    "source", "target", "age", "waiting", "again", "has", "resolution", "closed", "cause",
)  # fmt: skip
MOST = 10_000  # above which a number says only that it is above
LOOKED_AT = 10_000  # of resolved items the last that are counted
VALUES = 30  # of one word that are shown, the most frequent
OPEN_ONES = frozenset({"open", "approvable", *(folded(state) for state in OPEN)})  # states whose items are all counted
BANDS: dict[str, tuple[tuple[str, str], ...]] = {  # value in the line, words
    "amount": (
        ("unknown", "unknown"), ("<1000", "below 1,000"), ("1000..10000", "1,000 to 10,000"),
        ("10000..100000", "10,000 to 100,000"), (">=100000", "100,000 and more"),
    ),
    "due": (
        ("past", "past"), ("0d..1d", "within a day"), ("1d..1w", "in 1 to 7 days"), (">=1w", "in 7 days and more"),
        ("none", "none that is known"),
    ),
    "age": (
        ("<1d", "within a day"), ("1d..1w", "1 to 7 days"), ("1w..4w", "1 to 4 weeks"), (">=4w", "4 weeks and more"),
    ),
    "again": (("0", "never"), ("1", "once"), (">1", "more than once")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """One value of a word, and how many items have it."""

    value: str  # as it stands in the line
    words: str
    number: int
    chosen: bool
    line: str  # with the value chosen, or no longer
    at_least: bool = False  # not all items were looked at
    worth: Decimal | None = None  # what those that are open amount to in the reporting currency, no record twice

    @property
    def shown(self) -> str:
        """Return the number as people read it."""
        if self.number > MOST:
            return f"more than {MOST:,}"
        return f"at least {self.number:,}" if self.at_least else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Facet:
    """A word with its values and their numbers."""

    word: str
    title: str
    values: tuple[Counted, ...]
    more: bool = False  # there are further values


def always(found: Understood, user: User, now: dt.datetime) -> list[Facet]:
    """Return what always stands beside the list. One query, whatever is chosen and however many there are.

    One more where the line means resolved items, too.
    """
    asker = Asker(user, now)
    groups, cut = kept.numbers(("", write(found.line.terms)), user, now, lambda: _always(found, asker))
    shown = []
    called = {folded(group["d_team"]): group["d_team"] for group in groups}
    for word in ALWAYS:
        others = [f"ok_{each}" for each in ALWAYS if each != word]
        numbers: dict[str, int] = {}
        sums: dict[str, Decimal] = {}
        for group in groups:
            if all(group[name] for name in others):
                value = _value(word, group[f"d_{word}"])
                numbers[value] = numbers.get(value, 0) + group["n"]
                sums[value] = sums.get(value, Decimal(0)) + (group["worth"] or 0)
        shown.append(_facet(found, word, numbers, cut=cut, sums=sums, words=called if word == "team" else None))
    return shown


def _always(found: Understood, asker: Asker) -> tuple[tuple[list[dict[str, Any]], bool], int]:
    """Return how many items there are of each kind, team and band, whether there are further, and how many in all."""
    rows, cut = _rows(found, asker, frozenset(ALWAYS))
    dims: dict[str, Any] = {"d_class": F("category"), "d_team": F("owner"), "d_amount": _banded("amount", asker),
                            "d_due": _banded("due", asker)}  # fmt: skip
    oks: dict[str, Any] = {}
    for word in ALWAYS:
        own = of_word(found, word, asker)
        oks[f"ok_{word}"] = Value(True) if own is None else Case(When(own, then=Value(True)), default=Value(False))
    groups = list(
        rows.annotate(**dims, **oks).order_by().values(*dims, *oks).annotate(
            n=Count("pk"), worth=Sum(Coalesce("worth_once", "worth"), filter=~Q(state=State.RESOLVED))
        )
    )  # fmt: skip
    return (groups, cut), sum(each["n"] for each in groups)


def on_request(found: Understood, word: str, user: User, now: dt.datetime) -> Facet:
    """Return the numbers of one word. At most six queries. Raises KeyError for a word that is not counted."""
    asker = Asker(user, now)
    if word in ALWAYS:
        return next(each for each in always(found, user, now) if each.word == word)
    if word not in ON_REQUEST:
        raise KeyError(word)

    def count() -> tuple[Facet, int]:
        facet = _on_request(found, word, asker)
        return facet, sum(each.number for each in facet.values)

    return kept.numbers((word, write(found.line.terms)), user, now, count)


def _on_request(found: Understood, word: str, asker: Asker) -> Facet:
    rows, cut = _rows(found, asker, frozenset({word}))
    if word in ("is", "has", "closed") or word in BANDS:
        return _conditions(found, word, rows, asker, cut=cut)
    if word in BY_ROUTE:
        return _by_route(found, word, rows, cut=cut)
    if word in ("tag", "currency"):
        model, name = (WorkItemTag, "name") if word == "tag" else (WorkItemAmount, "currency")
        grouped = model.objects.filter(item__in=rows).values_list(name)
        counted = list(grouped.annotate(n=Count("item", distinct=True)).order_by("-n", name)[: VALUES + 1])
    else:
        narrowed, by = GROUPED[word](rows, asker)
        counted = list(
            narrowed.annotate(by=by).order_by().exclude(by=None).values_list("by").annotate(n=Count("pk"))
            .order_by("-n", "by")[: VALUES + 1]
        )  # fmt: skip
    numbers = {_written(word, value): number for value, number in counted[:VALUES]}
    if word == "assignee":
        return _assignees(found, numbers, asker.user, more=len(counted) > VALUES, cut=cut)
    numbers.pop("", None)
    return _facet(found, word, numbers, more=len(counted) > VALUES, cut=cut, words=_named(word, set(numbers)))


def _by_route(found: Understood, word: str, rows: WorkItemQuerySet, *, cut: bool) -> Facet:
    """Return the numbers of what hangs on the route: counted by its id, which is told once for each. Three queries."""
    counted = dict(rows.order_by().exclude(route_id=None).values_list("route_id").annotate(n=Count("pk")))
    numbers: dict[str, int] = {}
    for route, value in Route.objects.filter(pk__in=counted).values_list("pk", BY_ROUTE[word]):
        numbers[value] = numbers.get(value, 0) + counted[route]
    most = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    first = dict(most[:VALUES])
    return _facet(found, word, first, more=len(most) > VALUES, cut=cut, words=_named(word, set(first)))


def _value(word: str, stored: str | int) -> str:
    """Return what a group says of a word as it stands in the line; bands are told by their places."""
    if isinstance(stored, int):
        return BANDS[word][stored][0] if stored >= 0 else ""
    return _written(word, stored)


def _written(word: str, stored: str) -> str:
    """Return a stored value as it stands in the line."""
    return folded(stored) if WORDS[word].choices else stored


def _rows(found: Understood, asker: Asker, without: frozenset[str]) -> tuple[WorkItemQuerySet, bool]:
    """Return the items of a line that are counted, and whether there are resolved ones that are not.

    One query where the line means resolved ones: for the moment of the first that is left out.
    """
    rows = WorkItem.objects.visible_to(asker.user).filter(condition(found, asker, without=without))
    if only_open(found) and "is" not in without:
        return rows, False
    resolved = rows.filter(state=State.RESOLVED).order_by("-resolved_at")
    left_out = list(resolved.values_list("resolved_at", flat=True)[LOOKED_AT : LOOKED_AT + 1])
    last = Q(state=State.RESOLVED, resolved_at__gt=left_out[0]) if left_out else Q(state=State.RESOLVED)
    if only_resolved(found) and "is" not in without:
        return rows.filter(last), bool(left_out)
    return rows.filter(~Q(state=State.RESOLVED) | last), bool(left_out)


def _banded(word: str, asker: Asker) -> Case:
    """Return the place of the band in which an item lies: a number, which is grouped quicker than words."""
    read = WORDS[word].read
    return Case(
        *(
            When(CONDITIONS[word](read(Written(band), asker.now), asker), then=Value(place))
            for place, (band, _) in enumerate(BANDS[word])
        ),
        default=Value(-1),
        output_field=SmallIntegerField(),
    )  # fmt: skip


def _conditions(found: Understood, word: str, rows: WorkItemQuerySet, asker: Asker, *, cut: bool) -> Facet:
    """Return the numbers of values that are conditions, of which several may hold for an item. One query."""
    choices = BANDS.get(word) or WORDS[word].choices
    counts = {
        f"n_{place}": Count("pk", filter=CONDITIONS[word](WORDS[word].read(Written(value), asker.now), asker))
        for place, (value, _) in enumerate(choices)
    }
    told = rows.order_by().aggregate(**counts)
    numbers = {value: told[f"n_{place}"] for place, (value, _) in enumerate(choices)}
    there = {value: number for value, number in numbers.items() if number}
    return _facet(found, word, there, cut=cut, words=dict(choices))


def _about(name: str) -> Callable[[WorkItemQuerySet, Asker], tuple[WorkItemQuerySet, Any]]:
    return lambda rows, asker: (rows, KeyTextTransform(name, "about"))


def _workers(rows: WorkItemQuerySet, asker: Asker) -> tuple[WorkItemQuerySet, Any]:
    """Count persons only where somebody may see who they are."""
    sees = asker.sees(Mask.PERSON)
    return rows if sees is None else rows.filter(sees), KeyTextTransform("worker_name", "about")


def _waits(rows: WorkItemQuerySet, asker: Asker) -> tuple[WorkItemQuerySet, Any]:
    return rows.filter(shown_whole(asker)), F("waiting_on")


def _targets(rows: WorkItemQuerySet, asker: Asker) -> tuple[WorkItemQuerySet, Any]:
    writes = Destination.objects.filter(route=OuterRef("route_id"), connection=OuterRef("connection_id"))
    return rows.filter(Exists(writes)), F("connection__slug")


GROUPED: dict[str, Callable[[WorkItemQuerySet, Asker], tuple[WorkItemQuerySet, Any]]] = {
    "entity": lambda rows, asker: (rows, F("legal_entity__code")),
    "assignee": lambda rows, asker: (rows, F("assignee")),
    "type": lambda rows, asker: (rows, F("entity")),
    "client": _about("customer_id"),
    "project": _about("project_code"),
    "contract": _about("billing_model"),
    "worker": _workers,
    "period": _about("period"),
    "target": _targets,
    "waiting": _waits,
    "resolution": lambda rows, asker: (rows, F("resolution")),
    "cause": lambda rows, asker: (rows, F("cause_code")),
}


BY_ROUTE = {"route": "slug", "source": "connection__slug"}  # what is told of the route of an item


def _assignees(found: Understood, numbers: dict[str, int], user: User, *, more: bool, cut: bool) -> Facet:
    people = names([each for each in numbers if each])
    ids = [each.partition(":")[2] for each in numbers if each.startswith("person:")]
    signs = {as_actor(one).reference: one.username for one in User.objects.filter(pk__in=ids)}
    own = as_actor(user).reference
    told: dict[str, int] = {}
    words: dict[str, str] = {}
    for reference, number in numbers.items():
        value = "nobody" if not reference else "me" if reference == own else signs.get(reference, "")
        if value:
            told[value] = number
            words[value] = "nobody" if not reference else people[reference]
    return _facet(found, "assignee", told, more=more, cut=cut, words=words)


def _named(word: str, values: set[str]) -> dict[str, str]:
    """Return the names that people read for short ones. One query for those that have names."""
    if word == "route":
        return dict(Route.objects.filter(slug__in=values).values_list("slug", "name"))
    if word in ("source", "target"):
        return dict(Connection.objects.filter(slug__in=values).values_list("slug", "name"))
    if word == "entity":
        return {each.code: f"{each.code} {each.name}" for each in LegalEntity.objects.filter(code__in=values)}
    return {}


def _chosen(found: Understood, word: str, value: str) -> str:
    """Return the line with a value chosen, or taken back; states take the place of each other."""
    if word == "is" and not found.line.has(word, value):
        return with_values(found.line, word, [value])
    return toggled(found.line, word, value)


def _facet(
    found: Understood,
    word: str,
    numbers: dict[str, int],
    *,
    more: bool = False,
    cut: bool = False,
    words: dict[str, str] | None = None,
    sums: dict[str, Decimal] | None = None,
) -> Facet:
    """Return a word's values in their order: bands as they follow each other, others by their number."""
    known = dict(BANDS.get(word) or WORDS[word].choices) | (words or {})
    held = {each.text for term in found.line.of(word) if not term.negated for each in term.values}
    for value in held:  # what is chosen can be taken back, also once nothing has it
        numbers.setdefault(value, 0)
    if word in BANDS:
        order = [value for value, _ in BANDS[word] if value in numbers]
        order += [value for value in numbers if value and value not in order]
    else:
        order = sorted((value for value in numbers if value), key=lambda value: (-numbers[value], value))
    return Facet(
        word,
        WORDS[word].title,
        tuple(
            Counted(
                value, known.get(value, value), numbers[value], value in held, _chosen(found, word, value),
                cut and (word != "is" or value not in OPEN_ONES), (sums or {}).get(value) or None,
            )
            for value in order
        ),
        more,
    )  # fmt: skip
