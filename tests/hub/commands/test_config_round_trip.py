"""Whatever the configuration is: exported, applied and exported again it is the same, byte by byte."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import User
from hub.configuration import folder, form, places, plan
from hub.configuration.references import reference_of
from routes.outbound import signing
from tests.governance.people import person
from tests.hub.commands.firm import bytes_of

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text and "\x1f" not in text
)
LINES = st.lists(TEXT, min_size=1, max_size=3).map("\n".join)
SLUG = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
DAY = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)).map(str)
AMOUNT = st.decimals(0, 900, places=2).map(str)
HOURS = st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] < pair[1]).map(
    lambda pair: {"opens": f"{pair[0]:%H:%M}", "closes": f"{pair[1]:%H:%M}"}
).filter(lambda hours: hours["opens"] < hours["closes"])  # fmt: skip

COMPANY = st.fixed_dictionaries(
    {"code": st.from_regex(r"HP[-_.]?[A-Z]{2}", fullmatch=True), "name": TEXT, "country": st.just("DE"),
     "currency": st.sampled_from(["EUR", "USD"])}
)  # fmt: skip
CALENDAR = st.fixed_dictionaries(
    {
        "country": st.just("DE"), "time_zone": st.sampled_from(["Europe/Berlin", "UTC"]),
        "hours": st.dictionaries(st.sampled_from(["Monday", "Friday", "Sunday"]), HOURS, min_size=1),
    },
    optional={
        "days": st.lists(st.fixed_dictionaries({"day": DAY, "name": TEXT, "working": st.booleans()}),
                         min_size=1, max_size=3, unique_by=lambda day: day["day"]),
    },
)  # fmt: skip
ROW = st.fixed_dictionaries(
    {"key": st.tuples(TEXT).map(list), "values": st.fixed_dictionaries({"rate": AMOUNT, "note": TEXT})},
    optional={"from": DAY},
)
TABLE = st.fixed_dictionaries(
    {"name": SLUG, "title": TEXT, "key_columns": st.just(["role"]),
     "value_columns": st.just({"rate": "money", "note": "text"}),
     "rows": st.lists(ROW, max_size=4, unique_by=lambda row: row["key"][0])},
    optional={"meaning": LINES},
)  # fmt: skip
ROUTE = st.fixed_dictionaries(
    {"slug": SLUG, "name": TEXT, "canonical_entity": st.just("time_entry")},
    optional={"compare_days": st.integers(0, 60), "enabled": st.booleans(), "order": st.just("in_order")},
)
CONNECTION = st.fixed_dictionaries(
    {"slug": SLUG, "name": TEXT, "connector": st.just("ledger_blind"), "environment": st.just("sandbox"),
     "answers": st.just({"base_url": "https://ledger.example"}), "concurrency": st.integers(1, 50)},
)  # fmt: skip
SUBSCRIPTION = st.fixed_dictionaries(
    {"name": TEXT, "address": st.just("https://events.acme.example/throughline")},
    optional={"types": st.just(["throughline.run.done"]), "categories": st.just(["refused", "validation"])},
).map(lambda each: each | {"secret": {"secret": reference_of("subscription", f"{each['name']}_secret")}})


CUT_OFF = st.fixed_dictionaries(
    {"name": TEXT, "kind": st.sampled_from(["billing_run", "payroll_run"]),
     "at": st.times().map(lambda t: f"{t:%H:%M}"), "covers": st.sampled_from(["month_before", "up_to"])},
    optional={"entities": st.just(["expense", "time_entry"])},
).flatmap(lambda each: st.sampled_from([
    {"rule": "working_day", "number": 3}, {"rule": "before_end", "number": 0}, {"rule": "weekly", "weekday": "Friday"},
    {"rule": "dates", "dates": ["2026-11-30", "2026-12-18"]},
]).map(lambda rule: each | rule))  # fmt: skip
GROUPING = st.fixed_dictionaries(
    {"name": TEXT, "category": st.sampled_from(["refused", "validation"]), "field": st.just("hours"), "reason": TEXT},
    optional={"words": TEXT, "rule": TEXT, "connection": st.just("its"), "route": st.just("one of them")},
)
ORDER = st.fixed_dictionaries(
    {"of": st.just("exceptions"), "currency": st.sampled_from(["EUR", "USD"])},
    optional={"money": st.integers(0, 100),
              "all_above": AMOUNT.map(lambda text: f"{Decimal(text) + 101:.2f}")},
)  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is done inside; a few examples share one database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    firm=COMPANY, calendar=CALENDAR, tables=st.lists(TABLE, max_size=2, unique_by=lambda table: table["name"]),
    routes=st.lists(ROUTE, max_size=2, unique_by=lambda route: route["slug"]), connection=CONNECTION,
    cut_offs=st.lists(CUT_OFF, max_size=2, unique_by=lambda each: each["name"]), order=ORDER,
    subscriptions=st.lists(SUBSCRIPTION, max_size=2, unique_by=lambda each: each["name"]),
    grouping=st.lists(GROUPING, max_size=2, unique_by=lambda each: each["name"]),
)  # fmt: skip
def test_applied_configuration_is_exported_as_it_was_written(
    firm, calendar, tables, routes, connection, cut_offs, order, subscriptions, grouping
) -> None:
    owner = {"legal_entity": firm["code"]}
    order = order | ({"rate_table": tables[0]["name"], "rate_column": "rate"} if tables else {})
    things = {
        "legal_entities": [firm], "calendars": [calendar | owner], "tables": [*tables],
        "connections": [connection | owner],
        "routes": [route | owner for route in routes],
        "schedules": [],
        "subscriptions": [each | owner | {"routes": [route["slug"] for route in routes]} for each in subscriptions],
        "cut_offs": [each | owner | {"routes": [route["slug"] for route in routes]} for each in cut_offs],
        "order_of_exceptions": [order],
        "grouping_rules": [_grouping(each, connection, routes) | owner for each in grouping],
        "roles": [{"user": "farid", "roles": [{"role": "finance", **owner}, {"role": "viewer"}]}],
    }  # fmt: skip
    places = {each["secret"]["secret"].removeprefix("env:"): signing.new_secret() for each in subscriptions}
    with undone(), TemporaryDirectory() as place, patch.dict(os.environ, places):
        root = person("Root Solheim", is_superuser=True)
        person("Farid Amini")
        first, second = Path(place) / "first", Path(place) / "second"
        folder.write(first, _named(things))
        _apply(first, root)
        folder.write(second, plan.everything(root, tuple(things)))
        assert bytes_of(second) == bytes_of(first)
        assert [step for step in plan.plan(folder.read(second), by=root, prune=True) if step.action != "leave"] == []


def _grouping(rule: dict, connection: dict, routes: list[dict]) -> dict:
    """Return a rule that names the connection and a route which are there."""
    named = {"connection": connection["slug"], "route": routes[0]["slug"] if routes else None}
    return {name: named.get(name, value) for name, value in rule.items() if named.get(name, value) is not None}


def _named(things: dict[str, list[dict]]) -> dict[str, dict[str, dict]]:
    from hub.configuration.kinds import KINDS

    written = {kind: [form.canonical(kind, each) for each in found] for kind, found in things.items()}
    return {kind: {KINDS[kind].name_of(each): each for each in found} for kind, found in written.items()}


def _apply(path: Path, by: User) -> None:
    steps = plan.plan(folder.read(path), by=by, prune=False)
    plan.apply(folder.read(path), by=by, prune=False, expected=steps)


ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NEXT_LINE = st.tuples(TEXT, st.sampled_from(["\x85", "\u2028", "\n\x85", "\r\n"]), TEXT).map("".join)


@given(value=st.dictionaries(
    SLUG, st.one_of(TEXT, LINES, ANY, NEXT_LINE, AMOUNT, DAY, st.booleans(), st.integers()), max_size=5
))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_as_it_was_written(value) -> None:
    from connectors.manifest.source import read_source

    source = read_source(folder.text_of(value), "x")
    assert (source.value, source.faults) == (value or {}, [])


def test_places_of_secrets_are_names_that_a_shell_takes() -> None:
    assert reference_of("harvest-us", "token") == "env:HARVEST_US_TOKEN"
    assert reference_of("2nd", "token") == "env:ND_TOKEN"


def test_company_whose_code_no_file_system_takes_has_a_file() -> None:
    assert places.file_name("HP/DE") == "HP%2FDE.yaml"
    assert places.file_name("bill_rates HP-DE") == "bill_rates@HP-DE.yaml"
    long = "ü" * 120
    assert len({places.file_name(long), places.file_name(long + "a")}) == 2
    assert len(places.file_name(long)) < 255
