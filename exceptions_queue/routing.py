"""Letting items come to a team or person by the firm's rules, and saying why.

Rules are asked when an item is opened or comes back, and again when its worth has crossed an amount that a rule names,
when its team has nobody left, and when whoever had it may not work there any more. What a person has given or given
back stays where they put it: rules leave it alone until it comes back after it was resolved.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from exceptions_queue import naming, saving
from exceptions_queue.closeness import About, Chosen, closest, crossed, limits
from exceptions_queue.models import RoutingRule, WorkItem, WorkItemEvent, WorkItemTag
from exceptions_queue.models.work_item import UNKNOWN_FIRST
from exceptions_queue.moving import event_of
from exceptions_queue.routing_words import conditions_told, ties_told
from exceptions_queue.teams import Roster, number_of, roster
from exceptions_queue.words import kind_of_cause
from exceptions_queue.yardstick import measures
from governance.actor import ENGINE, Actor, ActorKind, By, names
from governance.models import LegalEntity
from routes.models import Route

SAVED = (
    "owner", "assignee", "placed_by", "routed_rule", "routed_why", "routed_worth", "routed_at", "priority", "rank",
    "priority_set", "priority_set_by", "priority_reason", "reckoned_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """Where an item goes, and why in words."""

    team: str
    person: int | None
    why: str
    chosen: Chosen[RoutingRule] = field(default_factory=Chosen)

    @property
    def assignee(self) -> str:
        """Return whom it is given to, as an actor's reference; "" for nobody."""
        return f"{ActorKind.PERSON}:{self.person}" if self.person else ""


@dataclass(slots=True)
class Firm:
    """What decisions of a batch go by."""

    rules: Sequence[RoutingRule]
    teams: Roster
    companies: dict[int, str]  # codes
    routes: dict[int, tuple[str, int]]  # name, and whose it is
    currency: str
    people: dict[int, str]  # names of those whom rules give items to
    limits: list[Decimal] = field(default_factory=list)
    reader: "By | None" = None  # who reads what rules ask for; None: whoever sees an item

    def told(self, rule: RoutingRule, company: int | None = None) -> str:
        """Return what a rule asks for, in words for its reader, or for all who see an item of a company: routes of
        companies that they may not see are not named.
        """
        named = {
            pk: name if self._is_named(of, company) else naming.THEIR_ROUTE for pk, (name, of) in self.routes.items()
        }
        return conditions_told(rule, companies=self.companies, routes=named, currency=self.currency)

    def _is_named(self, of: int, company: int | None) -> bool:
        return of == company if self.reader is None else naming.of_company(of, self.reader)


def firm(rules: Iterable[RoutingRule] | None = None, *, reader: "By | None" = None) -> Firm:
    """Return what decisions go by now, or would with other rules; `reader` reads the rules. At most ten queries."""
    found = [each for each in (RoutingRule.objects.all() if rules is None else rules) if each.is_on]
    named = {pk for rule in found for pk in rule.routes}
    people = {rule.person_id for rule in found if rule.person_id}
    told = names([f"{ActorKind.PERSON}:{pk}" for pk in people])
    routes = Route.objects.filter(pk__in=named).values_list("pk", "name", "legal_entity") if named else []
    return Firm(
        found,
        roster(),
        dict(LegalEntity.objects.values_list("pk", "code")),
        {pk: (name, of) for pk, name, of in routes},
        measures().reporting.currency if limits(found) else "",
        {pk: told[f"{ActorKind.PERSON}:{pk}"] for pk in people},
        limits(found),
        reader,
    )  # fmt: skip


def about(item: WorkItem) -> About:
    """Return what of an item rules look at."""
    shared = item.about
    return About(
        item.legal_entity_id, item.category, item.entity, shared.get("customer_id", ""),
        shared.get("project_code", ""), shared.get("period", ""), item.route_id, item.worth,
        shared.get("billing_model", ""), shared.get("worker_id", ""),
    )  # fmt: skip


def decide(asked: About, by: Firm, *, table_key: list[str] | None = None) -> Decision:
    """Return where something goes by the rules, or by its kind where none fits."""
    chosen = closest(by.rules, asked)
    rule, place = chosen.rule, by.companies.get(asked.company, "")
    if rule is None:
        meant = by.teams.fallback(asked.category, asked.company)
        why = f"No rule fits. “{kind_of_cause(asked.category, table_key).title}” goes to {meant} first."
        person = None
    else:
        meant = rule.team or by.teams.fallback(asked.category, asked.company)
        person = rule.person_id if rule.person_id and by.teams.may_work(rule.person_id, asked.company) else None
        to = f"{meant} and {by.people[person]}" if person else meant
        why = f"Rule “{rule}” fits: {by.told(rule, asked.company)}. It goes to {to}."
        why += ties_told([each.name for each in chosen.ties])
        if rule.person_id and person is None:
            lost = by.people.get(rule.person_id, "somebody")
            why += f" The rule names {lost}, who may not work on items of {place} any more: {meant} sees to it."
    team, missing = _manned(meant, asked.company, by)
    return Decision(team, person, why + missing, chosen)


def _manned(meant: str, company: int, by: Firm) -> tuple[str, str]:
    """Return a team in which somebody may work there, and in words why it is another one than was meant."""
    if by.teams.people(meant, company):
        return meant, ""
    place, resort = by.companies.get(company, ""), by.teams.last_resort(company)
    said = f" Nobody of {meant} may work on items of {place}"
    if by.teams.people(resort, company):
        return resort, f"{said}, so it comes to {resort}, the last resort there."
    able = next((told.name for told in by.teams.teams.values() if by.teams.people(told.name, company)), "")
    if able:
        return able, f"{said}, nor of {resort}, the last resort there, so it comes to {able}."
    return meant, f"{said}, nor has anybody else a role for it: whoever manages users gives one."


def by_hand(item: WorkItem) -> bool:
    """Return whether a person has put an item where it is; also one that an older release wrote down."""
    return bool(item.placed_by or (item.assignee and item.routed_rule is None))


def route(items: Sequence[WorkItem], now: dt.datetime, by: Firm | None = None) -> list[WorkItemEvent]:
    """Let locked items that are opened or come back go where the rules say; return lines of history, not written.

    What a person has put somewhere stays. At most fourteen queries, however many items.
    """
    if not items:
        return []
    by = by or firm()
    events, tags = [], []
    for item in items:
        if by_hand(item):
            continue
        decided = decide(about(item), by, table_key=item.table_key)
        events += _put(item, decided, now)
        if decided.chosen.rule:
            tags += [WorkItemTag(item=item, name=name) for name in decided.chosen.rule.tags]
    saving.save(items, SAVED)
    WorkItemTag.objects.bulk_create(tags, ignore_conflicts=True)
    return events


def arrived(opened: Sequence[WorkItem], grown: Sequence[WorkItem], now: dt.datetime) -> list[WorkItemEvent]:
    """Let locked items go where the rules say: those just opened, and those whose worth has crossed an amount.

    Returns lines of history, not written. At most twelve queries, however many items.
    """
    by = firm()
    moved = [each for each in grown if not by_hand(each) and crossed(each.routed_worth, each.worth, by.limits)]
    return route([*opened, *moved], now, by)


def follow(items: Sequence[WorkItem], now: dt.datetime) -> None:
    """Let locked open items follow what has changed: their worth, and who may work on them. Writes their history.

    At most sixteen queries, however many items.
    """
    if not items:
        return
    by = firm()
    events = [event for item in items if (event := _given_back(item, by, now))]
    moved = [item for item in items if not by_hand(item) and _wants_decision(item, by)]
    nameless = [item for item in items if by_hand(item) and not by.teams.people(item.owner, item.legal_entity_id)]
    for item in nameless:  # whoever has it keeps it; behind them stands a team that there is
        item.owner = decide(about(item), by, table_key=item.table_key).team
    saving.save(nameless, ("owner",))
    events += route(moved, now, by)
    WorkItemEvent.objects.bulk_create(events)


def _wants_decision(item: WorkItem, by: Firm) -> bool:
    if item.routed_at is None or crossed(item.routed_worth, item.worth, by.limits):
        return True
    return not by.teams.people(item.owner, item.legal_entity_id)


def _given_back(item: WorkItem, by: Firm, now: dt.datetime) -> WorkItemEvent | None:
    """Take an item from somebody who may not work on it any more; rules decide about it anew."""
    user = number_of(item.assignee)
    if user is None or by.teams.may_work(user, item.legal_entity_id):
        return None
    who = names([item.assignee])[item.assignee]
    place = by.companies.get(item.legal_entity_id, "")
    item.assignee = item.placed_by = ""
    item.routed_at = None
    said = f"{who} may not work on items of {place} any more"
    return event_of(item, by=ENGINE, verb="given back", at=now, frm=item.state, reason=said)


def _put(item: WorkItem, decided: Decision, now: dt.datetime) -> list[WorkItemEvent]:
    rule = decided.chosen.rule
    first = item.routed_at is None
    was = (item.owner, item.assignee)
    item.owner, item.assignee, item.routed_why = decided.team, decided.assignee, decided.why
    item.routed_rule, item.routed_worth, item.routed_at = rule.pk if rule else None, item.worth, now
    _set_priority(item, rule)
    if (rule is None and first) or (was == (item.owner, item.assignee) and not first):
        return []  # what its kind says is no news
    actor = Actor(ActorKind.RULE, str(rule.pk), f"rule {rule}") if rule else ENGINE
    return [event_of(item, by=actor, verb="routed", at=now, frm=item.state, reason=decided.why)]


def _set_priority(item: WorkItem, rule: RoutingRule | None) -> None:
    """Set the priority that a rule says, or take back what another rule had set; a person's own stays."""
    own = item.priority_set_by.startswith(f"{ActorKind.RULE}:")
    if rule is not None and rule.priority is not None and (item.priority_set is None or own):
        item.priority_set = item.priority = item.rank = rule.priority
        item.priority_set_by, item.priority_reason = f"{ActorKind.RULE}:{rule.pk}", f"rule “{rule}”"[:500]
    elif own:
        item.priority_set, item.priority_set_by, item.priority_reason = None, "", ""
        item.rank = item.priority + (UNKNOWN_FIRST if item.worth is None else 0)
        item.reckoned_at = None
