"""How many items of a line there are for each value of a word: what stands beside the list, always or once opened.

A value's number is what the list would have if that value alone were chosen of its word: all else of the line counts,
what it turns round included. An item counts once for a value, however much it holds. Numbers are counted when they are
shown, from what somebody may see; those of very many items are shown again for some seconds (`kept`). All open items
are counted; of resolved ones, where a line means these, only the last.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, SmallIntegerField, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from canonical.entity import Mask
from exceptions_queue import tallies, value_tallies
from exceptions_queue.models import State, WorkItem, WorkItemAmount, WorkItemTag
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query import kept, sampled
from exceptions_queue.query.compiled import (
    CONDITIONS,
    Asker,
    condition,
    mentioned,
    of_word,
    only_open,
    only_resolved,
    shown_whole,
    watched,
)
from exceptions_queue.query.facets import BANDS, NAMED, Facet, facet_of, named
from exceptions_queue.query.line import Value as Written
from exceptions_queue.query.line import write
from exceptions_queue.query.values import folded
from exceptions_queue.query.words import WORDS, Understood
from governance.actor import as_actor, names
from governance.models import User
from governance.scoping import grants_read_once
from routes.models import Destination, Route

ALWAYS = ("class", "team", "due", "amount")
ON_REQUEST = (
    "is", "entity", "assignee", "tag", "type", "client", "project", "contract", "worker", "period", "currency", "route",
    "source", "target", "age", "waiting", "again", "tries", "version", "group", "has", "rule", "field", "resolution",
    "closed", "cause",
)  # fmt: skip
TYPED = ("team", "due", "amount")  # words of which people may choose more than what is told apart
LOOKED_AT = 10_000  # of resolved items the last that are counted
VALUES = 30  # of one word that are shown, the most frequent


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
                for each in (value, *(typed for typed in _typed(found, word) if group[_flag(word, typed)])):
                    numbers[each] = numbers.get(each, 0) + group["n"]
                    sums[each] = sums.get(each, Decimal(0)) + (group["worth"] or 0)
        shown.append(facet_of(found, word, numbers, cut=cut, sums=sums, words=called if word == "team" else None))
    return shown


def _always(found: Understood, asker: Asker) -> tuple[tuple[list[dict[str, Any]], bool], int]:
    """Return how many items there are of each kind, team and band, whether there are further, and how many in all."""
    dims: dict[str, Any] = {"d_class": F("category"), "d_team": F("owner"), "d_amount": _banded("amount", asker),
                            "d_due": _banded("due", asker)}  # fmt: skip
    oks: dict[str, Any] = {}
    for word in ALWAYS:
        own = of_word(found, word, asker)
        oks[f"ok_{word}"] = Value(True) if own is None else _whether(own)
        for value, meant in _typed(found, word).items():
            oks[_flag(word, value)] = _whether(CONDITIONS[word](meant, asker))
    without = frozenset(ALWAYS)
    groups, cut = [], False
    if serves := tallies.serves(found):
        groups += _told(tallies.rows(found, asker, without=without), dims, oks, n=Sum("items"), worth=Sum("money"))
    if not serves or not only_open(found):
        rows, cut = _rows(found, asker, without, resolved=serves)
        worth = Sum(Coalesce("worth_once", "worth"), filter=~Q(state=State.RESOLVED))
        groups += _told(rows, dims, oks, n=Count("pk"), worth=worth)
    return (groups, cut), sum(each["n"] for each in groups)


def _typed(found: Understood, word: str) -> dict[str, Any]:
    """Return what is chosen of a word and is none of the values that are told apart: bounds of one's own, "mine"."""
    apart = {"mine"} if word == "team" else {value for value, _ in BANDS.get(word, ())}
    chosen = [(value.text, meant) for term, all_ in found.meant if term.word == word and not term.negated
              for value, meant in zip(term.values, all_, strict=True)]  # fmt: skip
    return {value: meant for value, meant in chosen if (value in apart) is (word == "team") and word in TYPED}


def _flag(word: str, value: str) -> str:
    """Return the name under which is told whether a value holds, whatever characters it has."""
    return f"is_{word}_{value.encode().hex()}"


def _whether(where: Q) -> Case:
    return Case(When(where, then=Value(True)), default=Value(False))


def _told(rows: models.QuerySet[Any], dims: dict[str, Any], oks: dict[str, Any], **sums: Any) -> list[dict[str, Any]]:
    told = rows.annotate(**dims, **oks).order_by().values(*dims, *oks).annotate(**sums)
    return [each for each in told if each["n"]]


@grants_read_once()
def on_request(found: Understood, word: str, user: User, now: dt.datetime) -> Facet:
    """Return the numbers of one word. At most eight queries. Raises KeyError for a word that is not counted."""
    asker = Asker(user, now)
    if word in ALWAYS:
        return next(each for each in always(found, user, now) if each.word == word)
    if word not in ON_REQUEST:
        raise KeyError(word)

    def count() -> tuple[Facet, int]:
        facet = _with_chosen(_on_request(found, word, asker), found, asker)
        return facet, sum(each.number for each in facet.values)

    return kept.numbers((word, write(found.line.terms)), user, now, count)


def _with_chosen(facet: Facet, found: Understood, asker: Asker) -> Facet:
    """Return the same with the numbers of what is chosen and was not told apart: bounds of one's own, a rarer value.

    Two queries where there is such a value, none otherwise.
    """
    word = facet.word
    meant = {value.text: means for term, all_ in found.meant if term.word == word and not term.negated
             for value, means in zip(term.values, all_, strict=True)}  # fmt: skip
    apart = [each.value for each in facet.values if each.value in meant and not each.number]
    if not apart:
        return facet
    rows, cut = _rows(found, asker, frozenset({word}))
    counts = {_flag(word, value): Count("pk", filter=CONDITIONS[word](meant[value], asker)) for value in apart}
    numbers = rows.order_by().aggregate(**counts)
    values = (
        replace(each, number=numbers[_flag(word, each.value)], at_least=cut) if each.value in apart else each
        for each in facet.values
    )
    return replace(facet, values=tuple(values))


def _on_request(found: Understood, word: str, asker: Asker) -> Facet:
    if word in IN_TALLY and tallies.serves(found):
        return _many_conditions(found, word, asker)
    if word in TALLIED and only_open(found) and tallies.serves(found):
        return _tallied(found, word, asker)
    if word in OF_RESOLVED and only_open(found):  # which have neither: the database sees to that
        return facet_of(found, word, {})
    if only_open(found) and value_tallies.serves(found, word):
        return _valued(found, word, asker)
    rows, cut = _rows(found, asker, frozenset({word}))
    if word in sampled.WORDS:
        return _sampled(found, word, asker, rows)
    if word in ("is", "has", "group", "closed") or word in BANDS:
        return _of_conditions(found, word, _conditions(word, rows, asker, Count("pk")), cut=cut)
    if word in BY_ROUTE:
        counts = rows.order_by().exclude(route_id=None).values_list("route_id").annotate(n=Count("pk"))
        return _by_route(found, word, asker, dict(counts), cut=cut)
    if word in ("tag", "currency"):
        model, name = (WorkItemTag, "name") if word == "tag" else (WorkItemAmount, "currency")
        grouped = model.objects.filter(item__in=rows).values_list(name)  # each of an item once
        counted = list(grouped.annotate(n=Count("pk")).order_by("-n", name)[: VALUES + 1])
    else:
        narrowed, by = GROUPED[word](rows, asker)
        counted = list(
            narrowed.annotate(by=by).order_by().exclude(by=None).values_list("by").annotate(n=Count("pk"))
            .order_by("-n", "by")[: VALUES + 1]
        )  # fmt: skip
    return _grouped(found, word, asker, counted, cut=cut)


def _sampled(found: Understood, word: str, asker: Asker, rows: WorkItemQuerySet) -> Facet:
    """Return the numbers of a word that the first members of items tell. Three queries."""
    bands = [(band, _means(word, band, asker)) for band, _ in BANDS.get(word, ())]
    numbers, cut = sampled.counted(rows, word, bands)
    most = dict(sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES])
    return facet_of(found, word, most, more=len(numbers) > VALUES, cut=cut)


def _tallied(found: Understood, word: str, asker: Asker) -> Facet:
    """Return the numbers of a word from the tally. At most four queries."""
    rows = tallies.rows(found, asker, without=frozenset({word}))
    by = "route_id" if word in BY_ROUTE else TALLIED[word]
    counted = [
        (value, number)
        for value, number in rows.order_by().values_list(by).annotate(n=Sum("items")).order_by("-n", by)
        if number and value is not None
    ]
    if word in BY_ROUTE:
        return _by_route(found, word, asker, dict(counted), cut=False)
    return _grouped(found, word, asker, counted[: VALUES + 1], cut=False)


def _valued(found: Understood, word: str, asker: Asker) -> Facet:
    """Return the numbers of a word's values from the tally of values. At most three queries."""
    counted = value_tallies.counted(found, word, asker)
    if word != "target":
        return _grouped(found, word, asker, counted[: VALUES + 1], cut=False)
    there = Destination.objects.values_list("route_id", "connection_id", "connection__slug").distinct()
    slugs = {f"{route} {system}": slug for route, system, slug in there}
    numbers: Counter[str] = Counter()
    for value, number in counted:
        if value in slugs:  # what comes from a system of its route is no target
            numbers[slugs[value]] += number
    most = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return _grouped(found, word, asker, most[: VALUES + 1], cut=False)


def _grouped(found: Understood, word: str, asker: Asker, counted: list[tuple[str, int]], *, cut: bool) -> Facet:
    numbers = {_written(word, value): number for value, number in counted[:VALUES]}
    if word == "assignee":
        return _assignees(found, numbers, asker.user, more=len(counted) > VALUES, cut=cut)
    numbers.pop("", None)
    return _named(found, word, asker, numbers, more=len(counted) > VALUES, cut=cut)


def _named(found: Understood, word: str, asker: Asker, numbers: dict[str, int], *, more: bool, cut: bool) -> Facet:
    """Return the numbers of a word with names; what is not named to somebody is among the further ones."""
    words = named(word, set(numbers), asker.user)
    shown = {value: n for value, n in numbers.items() if value in words} if word in NAMED else numbers
    return facet_of(found, word, shown, more=more or len(shown) < len(numbers), cut=cut, words=words)


def _by_route(found: Understood, word: str, asker: Asker, counted: dict[int, int], *, cut: bool) -> Facet:
    """Return the numbers of what hangs on the route, counted by its id, which is told once for each. Two queries."""
    numbers: dict[str, int] = {}
    for route, value in Route.objects.filter(pk__in=counted).values_list("pk", BY_ROUTE[word]):
        numbers[value] = numbers.get(value, 0) + counted[route]
    most = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    first = dict(most[:VALUES])
    return _named(found, word, asker, first, more=len(most) > VALUES, cut=cut)


def _value(word: str, stored: str | int) -> str:
    """Return what a group says of a word as it stands in the line; bands are told by their places."""
    if isinstance(stored, int):
        return BANDS[word][stored][0] if stored >= 0 else ""
    return _written(word, stored)


def _written(word: str, stored: str) -> str:
    """Return a stored value as it stands in the line."""
    return folded(stored) if WORDS[word].choices else stored


def _rows(
    found: Understood, asker: Asker, without: frozenset[str], *, resolved: bool = False
) -> tuple[WorkItemQuerySet, bool]:
    """Return the items of a line that are counted, or the resolved of them, and whether there are further of these.

    One query where the line means resolved ones: for the moment of the first that is left out.
    """
    rows = WorkItem.objects.visible_to(asker.user).filter(condition(found, asker, without=without))
    if only_open(found) and "is" not in without:
        return rows, False
    ended = rows.filter(state=State.RESOLVED).order_by("-resolved_at")
    left_out = list(ended.values_list("resolved_at", flat=True)[LOOKED_AT : LOOKED_AT + 1])
    last = Q(state=State.RESOLVED, resolved_at__gt=left_out[0]) if left_out else Q(state=State.RESOLVED)
    if resolved or (only_resolved(found) and "is" not in without):
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


def _conditions(
    word: str, rows: models.QuerySet[Any], asker: Asker, number: models.Aggregate, *, told: Collection[str] = ()
) -> Counter[str]:
    """Return the numbers of values that are conditions, of which several may hold for an item. One query."""
    known = [(value, _means(word, value, asker)) for value, _ in _choices(word) if not told or value in told]
    counts = {f"n_{place}": _only(number, CONDITIONS[word](meant, asker)) for place, (_, meant) in enumerate(known)}
    found = rows.order_by().aggregate(**counts)
    return Counter({value: found[f"n_{place}"] or 0 for place, (value, _) in enumerate(known)})


def _only(number: models.Aggregate, where: Q) -> models.Aggregate:
    return type(number)(*number.get_source_expressions()[:1], filter=where)


def _choices(word: str) -> Collection[tuple[str, str]]:
    return BANDS.get(word) or WORDS[word].choices


def _means(word: str, value: str, asker: Asker) -> Any:
    return WORDS[word].read(Written(value), asker.now)


def _many_conditions(found: Understood, word: str, asker: Asker) -> Facet:
    """Return the numbers of values that are conditions on the tally, or a person's. Four queries, beside rights."""
    without = frozenset({word})
    known = [value for value, _ in _choices(word) if tallies.knows(word, [_means(word, value, asker)])]
    numbers = _conditions(word, tallies.rows(found, asker, without=without), asker, Sum("items"), told=known)
    cut = False
    if word == "is" or not only_open(found):
        resolved, cut = _rows(found, asker, without, resolved=True)
        ended = [value for value, _ in _choices(word) if value != "approvable"]
        numbers += _conditions(word, resolved, asker, Count("pk"), told=ended)
    own = [value for value, _ in _choices(word) if value not in known and value not in ENDED]
    if not numbers[folded(State.PENDING_APPROVAL)] and "approvable" in own:
        own.remove("approvable")  # nothing waits: who would count as this person need not be asked
    if own:
        rows = WorkItem.objects.visible_to(asker.user).open().filter(condition(found, asker, without=without))
        marked = rows.filter(Q(pk__in=watched(asker).union(mentioned(asker))) | Q(state=State.PENDING_APPROVAL))
        numbers += _conditions(word, marked, asker, Count("pk"), told=own)
    return _of_conditions(found, word, numbers, cut=cut)


def _of_conditions(found: Understood, word: str, numbers: Counter[str], *, cut: bool) -> Facet:
    there = {value: numbers[value] for value, _ in _choices(word) if numbers[value]}
    return facet_of(found, word, there, cut=cut, words=dict(_choices(word)))


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
    "rule": lambda rows, asker: (rows, F("rule")),
    "field": lambda rows, asker: (rows, F("field")),
    "resolution": lambda rows, asker: (rows, F("resolution")),
    "cause": lambda rows, asker: (rows, F("cause_code")),
}


IN_TALLY = ("is", "again")  # words whose values are conditions on the tally
OF_RESOLVED = ("resolution", "closed")  # words of what is resolved
ENDED = ("resolved", "auto")  # what of them no open item can be
TALLIED = {"entity": "legal_entity__code", "assignee": "assignee", "type": "entity", "route": "", "source": ""}
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
    return facet_of(found, "assignee", told, more=more, cut=cut, words=words)
