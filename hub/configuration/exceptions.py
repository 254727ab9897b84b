"""What the order of exceptions goes by, as files: cut-offs of companies, and the firm's yardstick."""

from copy import copy
from datetime import date
from decimal import Decimal

from connectors.models import Connection
from exceptions_queue import grouping
from exceptions_queue.models import CutOff, GroupingRule, Yardstick
from exceptions_queue.verbs import NotPossible, keep_grouping_rule, remove_grouping_rule, set_order
from exceptions_queue.yardstick import WEIGHTS, usual, wrong_rates
from governance.actor import By
from governance.rights import Right, allowed, require
from hub.configuration import named_routes
from hub.configuration.companies import entity, read_day, read_time
from hub.configuration.file import File
from hub.configuration.form import Data, tidy, written_time
from hub.configuration.kind import Kind, NamedInCompany, Put
from hub.configuration.work import REASON, Work
from routes.models import Route
from routes.outbound import gone
from routes.route_fields import NOT_NAMED

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
AMOUNTS = ("nothing_below", "all_above")


class CutOffs(NamedInCompany):
    """Until when work has to be through."""

    folder, one, key = "cut_offs", "cut-off", ("legal_entity", "name")

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        routes = named_routes.told(by)
        found = CutOff.objects.visible_to(by).select_related("legal_entity")
        return [_cut_off(row, routes) for row in found]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a cut-off."""
        value, owner = file.value, entity(work, file.value.get("legal_entity"))
        if owner is None:
            return Put()
        name = value.get("name", "")
        row = CutOff.objects.filter(legal_entity=owner, name=name).first() or CutOff(legal_entity=owner, name=name)
        row.kind, row.rule, row.covers = (value.get(each, "") for each in ("kind", "rule", "covers"))
        row.number, row.entities = value.get("number"), list(value.get("entities", []))
        row.weekday = WEEKDAYS.index(value["weekday"]) if value.get("weekday") in WEEKDAYS else None
        days = [read_day(work, each, ("dates", number)) for number, each in enumerate(value.get("dates", []))]
        row.dates = sorted(each for each in days if isinstance(each, date))
        row.routes = named_routes.read(work, value.get("routes", []), row.routes)
        if (at := read_time(value.get("at"))) is not None:
            row.at = at
        work.judge(row, {})
        work.save(row, [owner], here, value)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Delete a cut-off."""
        rows = CutOff.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(_named(each)) == name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"name": row.name}))


def _named(row: CutOff | GroupingRule) -> Data:
    return {"legal_entity": row.legal_entity.code, "name": row.name}


def _cut_off(row: CutOff, routes: dict[int, str]) -> Data:
    return {
        "legal_entity": row.legal_entity.code, "name": row.name, "kind": row.kind, "rule": row.rule,
        "number": row.number, "weekday": None if row.weekday is None else WEEKDAYS[row.weekday],
        "dates": [str(day) for day in row.dates], "at": written_time(row.at), "covers": row.covers,
        "entities": list(row.entities),
        "routes": list(dict.fromkeys(routes.get(each, gone.written(each)) for each in row.routes)),
    }  # fmt: skip


class GroupingRules(NamedInCompany):
    """What causes have to agree in to be one exception."""

    folder, one, key = "grouping_rules", "grouping rule", ("legal_entity", "name")

    def name_of(self, value: Data) -> str:
        """Return the code of a rule's company and its name."""
        return super().name_of({**value, "name": tidy(value.get("name"))})

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        routes = named_routes.told(by)
        seen = set(Connection.objects.visible_to(by).values_list("pk", flat=True))
        found = GroupingRule.objects.visible_to(by).select_related("legal_entity", "connection")
        return [_grouping_rule(row, routes, seen) for row in found]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Keep or change a rule, by the verb of its page."""
        value, owner = file.value, entity(work, file.value.get("legal_entity"))
        if owner is None:
            return Put()
        name = tidy(value.get("name"))
        rows = GroupingRule.objects.filter(legal_entity=owner, name=name)
        row = rows.first() or GroupingRule(legal_entity=owner, name=name)
        for each in ("category", *PARTS):
            setattr(row, each, value.get(each, ""))
        slug, systems = value.get("connection"), Connection.objects.visible_to(work.by)
        if not (slug == NOT_NAMED and row.connection):  # else it stays
            row.connection = (
                work.named("connections", slug, systems.filter(slug=slug), ("connection",), "connection")
                if slug else None
            )  # fmt: skip
        slug, routes = value.get("route"), Route.objects.visible_to(work.by)
        if slug == NOT_NAMED and row.route_id:
            pass  # it stays
        elif slug and (kept := gone.read(slug, gone.among(Route, [row.route_id] if row.route_id else []))) is not None:
            row.route_id = kept
        else:
            route = work.named("routes", slug, routes.filter(slug=slug), ("route",), "route") if slug else None
            row.route_id = route.pk if route else None
        sound = not any(work.is_told((each,)) for each in ("category", "connection", "route", *PARTS))
        try:
            grouping.check(row)
        except NotPossible as error:
            if sound:  # else only what is wrong there lacks
                work.say((), str(error), "Say in the file what else they have to agree in.")
        if not work.is_faulty:
            require(work.by, Right.EDIT_CONFIGURATION, owner)
            work.require_as_found(here, row)
            keep_grouping_rule(row, by=work.by, reason=value.get("reason") or REASON)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Remove a rule: what it has joined stays."""
        rows = GroupingRule.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(_named(each)) == name)
        work.removal(self.one, name, lambda: remove_grouping_rule(row, by=work.by, reason=REASON))


PARTS = ("table", "field", "rule", "words")


def _grouping_rule(row: GroupingRule, routes: dict[int, str], seen: set[int]) -> Data:
    system = row.connection.slug if row.connection and row.connection_id in seen else NOT_NAMED
    route = None if row.route_id is None else routes.get(row.route_id, gone.written(row.route_id))
    return {
        "legal_entity": row.legal_entity.code, "name": row.name, "category": row.category,
        "connection": system if row.connection else None, "route": route, "reason": row.reason,
    } | {name: getattr(row, name) for name in PARTS}  # fmt: skip


class OrderOfExceptions(Kind):
    """In which currency money is compared, and how much money and deadlines weigh."""

    folder, one, key = "order_of_exceptions", "order of exceptions", ("of",)

    def rows(self, by: By) -> list[Data]:
        """Return what somebody has chosen, if anybody has."""
        return [_order(row) for row in Yardstick.objects.all()] if allowed(by, Right.VIEW, None) else []

    def bare(self, by: By) -> list[Data]:
        """Return what holds, also while nobody has chosen: there always is an order to read and to change."""
        return [_order(Yardstick.objects.first() or usual())]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Choose it, by the verb of its page."""
        value = file.value
        before, bare = Yardstick.objects.first(), Yardstick()
        row = copy(before) or Yardstick()
        for name in ("currency", "rate_table", "rate_column", *WEIGHTS):
            given = value.get(name, getattr(bare, name))
            setattr(row, name, Decimal(given) if name in AMOUNTS else given)
        work.judge(row, {})
        for field, words in wrong_rates(row, before).items():  # tables that the same folder brings are there by now
            if ("tables", row.rate_table) not in work.lost and ("tables", row.rate_table) not in work.waiting:
                work.say((field,), words)
        if not work.is_faulty:
            set_order(row, by=work.by, reason=REASON)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Go by what is usual again."""
        work.removal(self.one, name, lambda: set_order(None, by=work.by, reason=REASON))


def _order(row: Yardstick) -> Data:
    plain = {name: getattr(row, name) for name in ("currency", "rate_table", "rate_column", *WEIGHTS)}
    return {"of": "exceptions"} | plain | {name: f"{plain[name]:.2f}" for name in AMOUNTS}
