"""The commands' firm with one of every kind of configuration, and its files with one place of them broken."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from exceptions_queue import verbs
from exceptions_queue.models import ApprovalPolicy, CutOff, Deed, FallbackTeam, GroupingRule, Yardstick
from exceptions_queue.models.routing import RoutingRule, Team
from governance.models import LegalEntity
from hub.configuration import folder, places
from hub.configuration.mistakes import Place, spoken
from tests.hub.commands.firm import Firm

HELD_BY = {  # at what holds them: a column's values by its table, and what may be a secret without a word of it
    ("connections", "secrets"): 2,
    ("subscriptions", "secret"): 1,
    ("tables", "accepted"): 1,
}


def widen(firm: Firm) -> Firm:
    """Add to the firm what its kinds lack, each with entries in all of its lists."""
    germany, route = LegalEntity.objects.get(code="HP-DE"), firm.routes[0]
    ApprovalPolicy.objects.create(
        name="Waivers", legal_entity=germany, deeds=[Deed.WAIVE, Deed.CORRECT], fields=["hours"],
        categories=["refused"], entities=["time_entry"], contract_types=["fixed_fee"], amount_from=Decimal(100),
    )  # fmt: skip
    CutOff.objects.create(
        legal_entity=germany, name="Billing", kind="billing_run", rule="dates", at=time(18), covers="month_before",
        dates=[date(2026, 12, 18)], entities=["time_entry"], routes=[route.pk],
    )  # fmt: skip
    Team.objects.create(name="tax", legal_entity=germany, role="controller").members.add(firm.clara)
    FallbackTeam.objects.create(legal_entity=germany, category="refused", team="tax")
    RoutingRule.objects.create(
        name="Fixed fee", legal_entity=germany, categories=["refused"], entities=["time_entry"],
        contract_types=["fixed_fee"], clients=["C-1"], projects=["P-1"], workers=["W-1"], periods=["2026-11"],
        routes=[route.pk], team="tax", tags=["month-end"], amount_from=Decimal(100), amount_below=Decimal(900),
    )  # fmt: skip
    rule = GroupingRule(
        legal_entity=germany, name="New services", category="unmapped_value", connection=route.connection,
        route_id=route.pk, table="services", field="service", words="no row",
    )  # fmt: skip
    verbs.keep_grouping_rule(rule, by=firm.farid, reason="one new line of services")
    verbs.set_order(Yardstick(currency="EUR", money=40), by=firm.root, reason="money first")
    return firm


def written(at: Path, kind: str, things: dict[str, Any]) -> Iterator[tuple[Any, Path]]:
    """Write things of a kind as files; yield each document with its file, which is whole again after its turn."""
    folder.write(at, {kind: things})
    for name, document in things.items():
        path = at / kind / places.file_name(name).rpartition("/")[2]
        text = path.read_text()
        yield document, path
        path.write_text(text)


def broken(path: Path, document: Any, place: Place, value: Any) -> tuple[str, str]:
    """Write a file with another value at a place of its document; return where that is to be told."""
    made = inner = deepcopy(document)
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    path.write_text(folder.text_of(made))
    kind = path.parent.name
    return f"{kind}/{path.name}", spoken(place[: HELD_BY.get((kind, str(place[0])), len(place))])
