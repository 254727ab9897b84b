"""Which items a line means to somebody: each word as a condition on the items themselves, never by a join.

What somebody may not see is not found by asking for it either: a person's name is compared only in companies in which
they see names, and words that quote a hidden value only where that value is shown.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.utils import timezone

from canonical.entities import ENTITIES
from canonical.entity import Mask
from connectors.models import Connection
from exceptions_queue import asked_by, keys, teams
from exceptions_queue.deadlines import blocking
from exceptions_queue.models import (
    CutOff,
    CutOffKind,
    GroupingRule,
    State,
    WorkItem,
    WorkItemAmount,
    WorkItemComment,
    WorkItemTag,
    WorkItemWatcher,
)
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query import sampled
from exceptions_queue.query.line import Term
from exceptions_queue.query.values import Compared
from exceptions_queue.query.words import Understood, understood
from exceptions_queue.verbs.tag import kept_form
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.roles import MASK_RIGHTS, Right
from governance.same_person import counted_as
from governance.scoping import ALL, entity_ids
from routes.models import Destination, Route

OPEN = [State(each) for each in State.values if each != State.RESOLVED]
NONE = Q(pk__in=[])
FOUND = "found"  # in place of words that were looked for: no word that people write (`once`)
BETWEEN = r"[\s_-]+"  # words of a team's name
NUMBERS = "%s::bigint[]"  # as one value: tens of thousands of them
CORRECTED = """
SELECT f.fingerprint FROM routes_overlay o
JOIN routes_record r ON r.route_id = o.route_id AND r.key = o.key
JOIN routes_failure f ON f.record_id = r.id AND f.closed_at IS NULL
WHERE o.ended_at IS NULL
"""
CONTRADICTED = f"{CORRECTED} AND o.returned_at IS NOT NULL"


@dataclass(slots=True)
class Asker:
    """Who asks, and when; what they may see is read once."""

    user: User
    now: dt.datetime = field(default_factory=timezone.now)
    _seen: dict[Mask, frozenset[int] | None] = field(default_factory=dict)
    _companies: dict[str, int] = field(default_factory=dict)
    _mine: frozenset[str] = frozenset()

    @property
    def mine(self) -> frozenset[str]:
        """Return the references that count as this person; looked up once."""
        self._mine = self._mine or counted_as(self.user)
        return self._mine

    def sees(self, mask: Mask) -> Q | None:
        """Return which items are of companies in which this person sees through a mask; None for all."""
        if mask not in self._seen:
            right = MASK_RIGHTS.get(mask)
            self._seen[mask] = frozenset() if right is None else entity_ids(self.user, right)
        ids = self._seen[mask]
        return None if ids is ALL else Q(legal_entity__in=ids)

    def companies(self, code: str) -> list[int]:
        """Return the ids that a code means, of which there is one or none: as ids, an index is asked for its rows."""
        if not self._companies:
            self._companies = {each.casefold(): pk for pk, each in LegalEntity.objects.values_list("pk", "code")}
        found = self._companies.get(code.casefold())
        return [] if found is None else [found]

    def routes(self, slug: str) -> "QuerySet[Route]":
        """Return the route of a short name where it is seen: by another's nothing is found."""
        return Route.objects.visible_to(self.user).filter(slug=slug)

    def systems(self, slug: str) -> "QuerySet[Connection]":
        """Return the connection of a short name where it is seen: by another's nothing is found."""
        return Connection.objects.visible_to(self.user).filter(slug=slug)


def condition(found: Understood, asker: Asker, *, without: frozenset[str] = frozenset()) -> Q:
    """Return the condition of a line, without what is chosen of some words; what is turned round of them stays."""
    kept = ((t, meant) for t, meant in found.meant if t.negated or not t.word or t.word not in without)
    return reduce(and_, (of_term(term, meant, asker) for term, meant in kept), Q())


def narrowed(found: Understood, user: User) -> WorkItemQuerySet:
    """Return the items of a line that somebody may see."""
    return WorkItem.objects.visible_to(user).filter(condition(found, Asker(user)))


def of_word(found: Understood, word: str, asker: Asker) -> Q | None:
    """Return the condition of what is chosen of one word; None where nothing is."""
    held = [of_term(t, meant, asker) for t, meant in found.meant if t.word == word and not t.negated]
    return reduce(and_, held) if held else None


def of_term(term: Term, meant: tuple[Any, ...], asker: Asker) -> Q:
    """Return the condition of one term: any of its values, or none of them."""
    either = reduce(or_, (CONDITIONS[term.word](each, asker) for each in meant), NONE)
    return ~either if term.negated else either


def only_open(found: Understood) -> bool:
    """Return whether a line means open items only, so that their own index serves it."""
    states = {*map(str, OPEN), "open", "approvable"}
    return any(t.word == "is" and not t.negated and set(meant) <= states for t, meant in found.meant)


def only_resolved(found: Understood) -> bool:
    """Return whether a line means resolved items only."""
    ended = {"resolved", "auto"}
    return any(t.word == "is" and not t.negated and set(meant) <= ended for t, meant in found.meant)


def conditions_of(text: str, user: User) -> Q:
    """Return the condition of a line that is known to be right."""
    asker = Asker(user)
    return condition(understood(text, asker.now), asker)


def shown_whole(asker: Asker) -> Q:
    """Return the items whose words are shown to somebody as they are kept, so that they may be searched."""
    shown = Q()
    for mask in Mask:
        if mask is Mask.NONE or (sees := asker.sees(mask)) is None:
            continue
        hidden = NONE
        for name, entity in ENTITIES.items():
            fields = [each.name for each in entity.fields if each.mask is mask]
            hidden |= Q(entity=name, field__in=fields) if fields else NONE
        if mask is Mask.PERSON:
            hidden |= Q(about__has_key="worker_name") | Q(title__contains="@") | Q(cause__contains="@")
            hidden |= Q(waiting_on__contains="@")
        shown &= sees | ~hidden
    return shown


def _is_among(numbers: list[int]) -> Func:
    """Return whether an item's number is one of these: the database knows how many, and looks at no more than those."""
    given = RawSQL(NUMBERS, (numbers,))  # noqa: S611 - the constant above
    among = "(%(expressions)s))"
    return Func(F("pk"), given, template=among, arg_joiner=" = ANY(", output_field=BooleanField())


def watched(asker: Asker) -> QuerySet[WorkItemWatcher, Any]:
    """Return the numbers of items that somebody watches."""
    return WorkItemWatcher.objects.filter(user=asker.user).values_list("item")


def mentioned(asker: Asker) -> QuerySet[WorkItemComment, Any]:
    """Return the numbers of items with a remark for somebody."""
    return WorkItemComment.objects.filter(mentioned=asker.user).values_list("item")


def _is(value: str, asker: Asker) -> Q:
    if value == "open":
        return ~Q(state=State.RESOLVED)  # one comparison for each item, and the words of their indexes
    if value == "regressed":
        return Q(reopened__gt=0)
    if value == "auto":
        return Q(state=State.RESOLVED, resolution__startswith="auto:")
    if value == "watched":
        return Q(pk__in=watched(asker))
    if value == "mentioned":
        return Q(pk__in=mentioned(asker))
    if value == "billing":
        return Q(due_bills=True)
    if value == "payroll":
        return _is_payroll()
    if value == "approvable":
        ids = entity_ids(asker.user, Right.APPROVE)
        held = Q(state=State.PENDING_APPROVAL) & (Q() if ids is ALL else Q(legal_entity__in=ids))
        return held & ~Q(pk__in=asked_by.alone(asker.mine))
    return Q(state=value)


def _is_payroll() -> Q:
    """Return what is due by a payroll run: the key of a deadline says of which cut-off it is."""
    text = TextField()
    number = Func(OuterRef("due_key"), Value(":"), Value(2), function="split_part", output_field=text)
    runs = CutOff.objects.filter(kind=CutOffKind.PAYROLL).annotate(number_=Cast("pk", text)).filter(number_=number)
    return Q(Exists(runs), due_key__startswith="cutoff:")


def _assignee(value: str, asker: Asker) -> Q:
    if value.casefold() == "me":
        return Q(assignee=as_actor(asker.user).reference)
    if value.casefold() == "nobody":
        return Q(assignee="")
    people = User.objects.filter(username__iexact=value)
    return Q(assignee__in=[as_actor(each).reference for each in people])


def _team(folded: str) -> str:
    """Return a pattern for the names that are compared as one: between words stands a blank, hyphen or underscore."""
    return f"^{BETWEEN.join(map(re.escape, folded.split('-')))}$"


def _about(name: str) -> Callable[[str, Asker], Q]:
    return lambda value, asker: Q(about__contains={name: value})


def _worker(value: str, asker: Asker) -> Q:
    found, sees = Q(about__contains={"worker_name": value}), asker.sees(Mask.PERSON)
    return found if sees is None else sees & found


def _waiting(value: str, asker: Asker) -> Q:
    return Q(waiting_on__icontains=value) & shown_whole(asker)


def _bounded(name: str) -> Callable[[Compared | None, Asker], Q]:
    def bound(value: Compared | None, asker: Asker) -> Q:
        if value is None:
            return Q(**{f"{name}__isnull": True})
        held = Q(**{f"{name}__isnull": False})
        if value.least is not None:
            held &= Q(**{f"{name}__{'gte' if value.least_in else 'gt'}": value.least})
        if value.most is not None:
            held &= Q(**{f"{name}__{'lte' if value.most_in else 'lt'}": value.most})
        return held

    return bound


def _has(value: str, asker: Asker) -> Q:
    if value == "correction":
        return Q(fingerprint__in=RawSQL(CORRECTED, ()))  # noqa: S611 - the constant above
    if value == "contradiction":
        return Q(fingerprint__in=RawSQL(CONTRADICTED, ()))  # noqa: S611 - the constant above
    if value == "remark":
        return Q(pk__in=WorkItemComment.objects.values("item"))
    if value == "rule_candidate":
        return Q(rule_candidate=True)
    if value == "tag":
        return Q(pk__in=WorkItemTag.objects.values("item"))
    return Q(without_amount__gt=0)


def _group(value: str, asker: Asker) -> Q:
    if value == "rule":
        return Q(fingerprint__in=GroupingRule.objects.visible_to(asker.user).values("cause"))
    if value == "split":
        return Q(split_from__isnull=False)
    return Q(gathers=value == "several", split_from__isnull=True)


def _closed(value: str, asker: Asker) -> Q:
    if value == "auto":
        return Q(state=State.RESOLVED, resolution__startswith="auto:")
    if value == "human":
        return Q(state=State.RESOLVED) & ~Q(resolution__startswith="auto:")
    return Q(resolution=value)


def _target(value: str, asker: Asker) -> Q:
    writes = Destination.objects.filter(route=OuterRef("route_id"), connection=OuterRef("connection_id"))
    return Q(Exists(writes)) & Q(connection__in=asker.systems(value))


def _text(value: str, asker: Asker) -> Q:
    """Return what a text is found in: numbers and keys whole, and parts of the words that somebody may read.

    What an index finds whole among open items is looked for there, once: each of them is compared by its words alone.
    """
    whole = _worker(value, asker) | Q(table_key__contains=[value]) & shown_whole(asker)
    for name in ("project_code", "customer_id", "period"):
        whole |= Q(about__contains={name: value})
    by_index = WorkItem.objects.open().filter(whole).order_by().values("pk")
    found = Q(pk__in=by_index) | Q(state=State.RESOLVED) & whole
    found |= (Q(title__icontains=value) | Q(cause__icontains=value)) & shown_whole(asker)
    digits = value.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:
        found |= Q(number=int(digits))
    return found | _key(value, asker)


def _key(value: str, asker: Asker) -> Q:
    """Return what holds a record or transaction of this key or number, and what held it until it was resolved."""
    return keys.causes_of(value, asker.user).items


CONDITIONS: dict[str, Callable[[Any, Asker], Q]] = {
    FOUND: lambda numbers, asker: Q(_is_among(numbers)) if numbers else NONE,
    "": _text,
    "is": _is,
    "class": lambda value, asker: Q(category=value),
    "team": lambda value, asker: teams.mine(asker.user) if value == "mine" else Q(owner__iregex=_team(value)),
    "assignee": _assignee,
    "entity": lambda value, asker: Q(legal_entity__in=asker.companies(value)),
    "type": lambda value, asker: Q(entity=value),
    "client": _about("customer_id"),
    "project": _about("project_code"),
    "contract": _about("billing_model"),
    "worker": _worker,
    "period": _about("period"),
    "key": _key,
    "number": lambda value, asker: Q(pk=value),
    "amount": _bounded("worth"),
    "due": _bounded("due_at"),
    "priority": _bounded("priority"),
    "currency": lambda value, asker: Q(pk__in=WorkItemAmount.objects.filter(currency=value.upper()).values("item")),
    "tag": lambda value, asker: Q(pk__in=WorkItemTag.objects.filter(name=kept_form(value)).values("item")),
    "route": lambda value, asker: Q(route_id__in=asker.routes(value).values("pk")),
    "source": lambda value, asker: Q(
        route_id__in=Route.objects.filter(connection__in=asker.systems(value)).values("pk")
    ),
    "target": _target,
    "system": lambda value, asker: Q(connection__in=asker.systems(value)),
    "age": _bounded("first_seen"),
    "opened": _bounded("opened_at"),
    "last": _bounded("last_seen"),
    "waiting": _waiting,
    "holds": _bounded("members"),
    "again": _bounded("reopened"),
    "tries": lambda value, asker: sampled.tried(value),
    "version": lambda value, asker: sampled.made_with(value),
    "group": _group,
    "has": _has,
    "field": lambda value, asker: Q(field=value),
    "rule": lambda value, asker: Q(rule=value),
    "blocks": lambda value, asker: blocking(value),
    "resolved": _bounded("resolved_at"),
    "resolution": lambda value, asker: Q(resolution=value),
    "closed": _closed,
    "cause": lambda value, asker: Q(cause_code=value),
    "fixed": lambda value, asker: Q(root_cause=value),
}
