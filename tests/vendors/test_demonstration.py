"""The demonstration firm, from Harvest to NetSuite over HTTP: each of its troubles ends as the firm's list says.

The list, the amounts and the logs come from the simulators, which know nothing of the hub. A slice keeps the tests
short: every entry with a trouble, and one in eight of the others.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from canonical.failure import Category
from sandbox.launch import Simulator
from tests.simulated import firm_at_work

INTERNAL = ("bill_rate", "cost_center", "service_items", "externalId", "customer.id")  # names that no page shows
PART = 8  # one ordinary entry in so many is kept
FAULTS = [
    {"fault": "commit_and_hang_up", "path": "(?i)/timebill", "method": "PUT", "probability": 0.02, "times": 5},
    {"fault": "throttled", "path": "(?i)/timebill", "probability": 0.01, "times": 3},
]


@dataclass
class Story:
    """The loaded firm and its systems."""

    systems: Simulator
    facts: dict[str, Any]
    entries: dict[int, dict[str, Any]]  # Harvest's own rows, as they were at the beginning

    def trouble(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.facts["troubles"] if each["name"] == name)
        return found

    def work(self) -> None:
        """Let the routes run to rest in this process."""
        from hub.demonstration import job

        assert job.run(work_here=True, seconds=60)

    def act(self, name: str, system: str) -> None:
        self.systems.admin("POST", f"acts/{name}", system=system)

    def posted(self) -> dict[str, dict[str, Any]]:
        """Return what stands in NetSuite, by our key."""
        rows = self.systems.admin("GET", "rows/timeBill", system="netsuite")
        assert len({row["externalId"] for row in rows}) == len(rows)
        return {row["externalId"]: row for row in rows}

    def expected(self, *without: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Return key -> (hours, rate) of the approved billable entries, by Harvest's own rates, less some troubles."""
        gone = {number for name in without for number in self.trouble(name)["entries"]}
        return {
            f"TE-{number}": (Decimal(str(row["hours"])), self.rate(row))
            for number, row in self.entries.items()
            if row["approval_status"] == "approved" and row["billable"] and number not in gone
        }

    def rate(self, row: dict[str, Any]) -> Decimal:
        """Return the agreed rate: Harvest's, or the one that the rate card lacks."""
        if row["billable_rate"] is not None:
            return Decimal(str(row["billable_rate"]))
        fitting = [r for r in self.facts["missing_rates"] if r["valid_from"] <= row["spent_date"]]
        return Decimal(max(fitting, key=lambda r: r["valid_from"])["bill_rate"])


@pytest.fixture
def story(transactional_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """The firm, loaded and connected, before anything has moved."""
    from connectors import loop
    from hub.demonstration import load
    from routes import plan, retry

    quickly = retry.Policy(attempts=2, first=0.1, cap=1)
    monkeypatch.setitem(retry.POLICIES, Category.MISSING_REFERENCE, quickly)  # else a test takes half a minute
    folder = tmp_path / "sandbox"
    settings.STATE = tmp_path
    plan.plan.cache_clear()
    with firm_at_work(folder) as systems:
        settings.OUTBOUND_ALLOWED = [f"127.0.0.1:{port}" for port in systems.ports.values()]
        settings.SANDBOX = {name: f"http://127.0.0.1:{port}" for name, port in systems.ports.items()}
        loop.stop()  # the next use reads the settings anew
        loaded = load(**settings.SANDBOX, state=folder)
        systems.set_faults(*FAULTS, seed=3, system="netsuite")
        yield Story(systems, loaded.facts, _slice(systems, loaded.facts))
        loop.stop()


def _slice(systems: Simulator, facts: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Delete most ordinary entries from Harvest; return the rows that are left, by number."""
    troubled = {number for trouble in facts["troubles"] for number in trouble["entries"]}
    rows = systems.admin("GET", "rows/time_entries", system="harvest")
    ordinary = [row["id"] for row in rows if row["id"] not in troubled]
    gone = {number for place, number in enumerate(ordinary) if place % PART}
    systems.admin("POST", "deletions", {"ids": sorted(gone)}, system="harvest")
    return {row["id"]: row for row in rows if row["id"] not in gone}


STOPPED = ("project_not_in_erp", "missing_rate", "new_task", "no_cost_center", "closed_period")


@pytest.mark.slow
def test_each_trouble_stops_its_entries_and_the_rest_is_posted_once(story: Story) -> None:
    story.work()

    posted, expected = story.posted(), story.expected(*STOPPED)
    over = story.trouble("over_cap")
    missing = expected.keys() - posted.keys()
    assert posted.keys() <= expected.keys()
    assert len(missing) == over["count"]
    assert missing <= {f"TE-{number}" for number in over["entries"]}
    assert {key: _values(row) for key, row in posted.items()} == {key: expected[key] for key in posted}
    _assert_report_agrees(story, posted)
    _assert_causes(story)
    _assert_rules_at_work()
    assert _effects(story) == Counter(dict.fromkeys(posted, 1))


def _values(row: dict[str, Any]) -> tuple[Decimal, Decimal]:
    return Decimal(str(row["hours"])), Decimal(str(row["rate"]))


def _effects(story: Story) -> Counter[str]:
    """Return how often NetSuite's log says that a time record was made, by our key."""
    made: Counter[str] = Counter()
    seen: set[int] = set()
    for line in story.systems.log("netsuite.jsonl"):
        if line.get("table") == "timeBill" and line.get("kind") == "put" and line["row"]["id"] not in seen:
            seen.add(line["row"]["id"])
            made[line["row"]["externalId"]] += 1
    return made


def _assert_report_agrees(story: Story, posted: dict[str, dict[str, Any]]) -> None:
    """The hub's own report shows the hours and the money that stand in NetSuite."""
    from hub.demonstration.report import report

    companies = {entity["subsidiary_id"]: entity for entity in story.facts["legal_entities"]}
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for row in posted.values():
        hours, rate = _values(row)
        total = sums[companies[row["subsidiary"]]["code"]]
        total[0] += 1
        total[1] += hours
        total[2] += (hours * rate).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    found = report()
    assert {p.legal_entity: [p.entries, p.hours, p.amount] for p in found.posted} == dict(sums)
    assert found.read == len(story.entries)


def _assert_causes(story: Story) -> None:
    """Every trouble of the list is one cause with its number of entries, hours and money, and a person in charge."""
    from hub.demonstration.report import report

    causes = report().causes
    for name in (*STOPPED, "over_cap"):
        trouble = story.trouble(name)
        words = {"no_cost_center": "brooke.tanner@", "closed_period": "Jul 2026 is closed"}.get(name, trouble["cause"])
        [cause] = [c for c in causes if words in c.words and c.entries > 1]
        assert (cause.category, cause.entries, cause.hours) == (
            trouble["category"], trouble["count"], Decimal(trouble["hours"])
        )  # fmt: skip
        if name not in (
            "missing_rate",
            "over_cap",
        ):  # no rate, no amount; and which days are over the cap, nobody knows
            assert cause.money == {currency: Decimal(amount) for currency, amount in trouble["amounts"].items()}
        assert cause.owner != "nobody"
        assert not any(raw in cause.words for raw in INTERNAL), cause.words
    assert sum(cause.entries for cause in causes) == sum(story.trouble(n)["count"] for n in (*STOPPED, "over_cap")) + 1


def _assert_rules_at_work() -> None:
    """What the firm's own rules say is seen on what stops."""
    from exceptions_queue import intake
    from exceptions_queue.models import GroupingRule, WorkItem

    while intake.take_in():
        pass
    parked = WorkItem.objects.open().filter(category=Category.MISSING_REFERENCE, entity="time_entry")
    assert {each.owner for each in parked} == {"project office"}
    assert all("Projects that are not set up" in each.routed_why for each in parked)
    refused = WorkItem.objects.open().filter(category=Category.REFUSED)
    assert {(each.owner, each.priority) for each in refused} == {("controller", 90)}
    late = WorkItem.objects.open().filter(category=Category.CLOSED_PERIOD)
    hits = GroupingRule.objects.filter(hits__gt=0).values_list("legal_entity", flat=True)
    assert {each.legal_entity_id for each in late} == set(hits)


@pytest.mark.slow
def test_remedies_release_what_waited_and_nothing_is_doubled(story: Story) -> None:
    story.work()
    story.act("create_project", "netsuite")
    story.act("raise_cap", "netsuite")
    story.act("open_period", "netsuite")

    _mend_tables(story)
    _resubmit_refused()
    story.work()

    posted = {key: _values(row) for key, row in story.posted().items()}
    assert posted == story.expected()
    assert _effects(story) == Counter(dict.fromkeys(posted, 1))
    from routes.models import Failure

    assert not Failure.objects.filter(closed_at=None).exists()


def _mend_tables(story: Story) -> None:
    """Let Farid Amini add what is missing, and Clara Voss approve the rates; then take on what it had stopped."""
    from governance.models import User
    from hub.demonstration.tables import rates
    from mappings.models import LookupTable
    from mappings.tables import NewRow, add_rows, approve_rows

    farid, clara = User.objects.get(username="farid"), User.objects.get(username="clara")
    card = LookupTable.objects.get(name="bill_rates")
    added = add_rows(card, rates(story.facts["missing_rates"]), by=farid)
    approve_rows(card, [row.pk for row in added.waiting], by=clara)
    add_rows(LookupTable.objects.get(name="service_items"), [NewRow(("AI enablement",), {"item": "SVC-BLD"})], by=farid)
    mail = "brooke.tanner@halden-partner.example"
    add_rows(LookupTable.objects.get(name="cost_centers"), [NewRow((mail,), {"cost_center": "5130"})], by=farid)


def _resubmit_refused() -> None:
    """Take every cause on again, as people do once it is removed."""
    from governance.models import User
    from routes import releases
    from routes.models import Failure

    farid = User.objects.get(username="farid")
    for cause in Failure.objects.filter(closed_at=None).values_list("fingerprint", flat=True).distinct():
        while releases.cause_removed(cause, by=farid, reason="the cause is removed"):
            pass


@pytest.mark.slow
def test_withdrawn_approval_is_undone_and_its_correction_posted(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    from hub.demonstration.report import report

    chosen = story.trouble("rejected_after_posting")["entries"]
    call_command("main_job", inline=True, seconds=60)
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    before = story.posted()
    story.act("reject", "harvest")
    story.work()
    rejected, accounted = story.posted(), report()
    time.sleep(1.1)  # Harvest tells changes by the second
    story.act("correct", "harvest")
    story.work()

    after = story.posted()
    for words in (
        "time entries read from Harvest",
        "HP-GB",
        "finance data owner",
        "US-IRO-03",
        "Sign in as ingrid",
        "Value without a translation. Rate card: no row for Principal / GBP. A lookup table has no row",
        "Waiting for its parent. Project US-IRO-03 does not exist yet in NetSuite of Halden & Partner. The record",
        "Missing at the target. NetSuite of Halden & Partner lacks a record that this needs. The record instance",
        "Refused by the target. NetSuite of Halden & Partner: Project DE-CAS-02: the contract's cap of 336.00",
    ):
        assert words in said, words
    keys = {f"TE-{number}" for number in chosen}
    assert keys <= before.keys()
    assert rejected.keys() == before.keys() - keys
    masters = 1  # the project that NetSuite has not
    assert accounted.read == len(rejected) + accounted.left_out + accounted.waiting - masters
    by_entry = {key.partition(".")[0]: row for key, row in after.items()}
    assert by_entry.keys() == before.keys()
    assert {key: by_entry[key]["hours"] - before[key]["hours"] for key in keys} == dict.fromkeys(keys, 0.5)


@pytest.mark.slow
def test_loading_twice_changes_nothing_and_follows_the_systems(
    story: Story, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from connectors.models import Connection
    from exceptions_queue.models import ApprovalPolicy, GroupingRule, RoutingRule
    from governance.models import RoleGrant
    from hub.demonstration import systems
    from mappings.models import TableRow
    from routes.models import Destination, Route

    kinds = (TableRow, Route, Destination, Connection, RoutingRule, ApprovalPolicy, RoleGrant)
    ApprovalPolicy.objects.filter(name="Not delivered above 2,500").delete()  # it does not come back
    counts = [model.objects.count() for model in kinds]
    assert GroupingRule.objects.count() == 3
    call_command("load_demo", sandbox_state=tmp_path / "sandbox")

    assert [model.objects.count() for model in kinds] == counts
    said = capsys.readouterr().out
    assert "ingrid   Ingrid Solheim   Integration admin, all companies" in said
    assert "Finance operations, all companies; Emergency mode, HP-DE" in said
    assert systems.follow(settings.SANDBOX) == []
    assert systems.follow({"netsuite": "http://127.0.0.1:1"}) == ["NetSuite of Halden & Partner"]
