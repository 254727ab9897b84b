"""What a person's correction of one field means for the fields that a mapping works out from it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.failure import Category
from governance import versions
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings import tables
from routes import overlays, reprocess
from routes.models import Failure, Overlay, Record, Transaction
from routes.plan import plan
from tests.governance.people import person
from tests.routes import world as worlds
from tests.routes.world import Target, World, entry, refused

Make = Callable[..., World]
RATE = {"to": "bill_rate", "formula": 'LOOKUP("bill_rates.rate", result.role, currency)'}
AMOUNT = {"to": "amount", "formula": "ROUND(result.hours * result.bill_rate, 2)"}
DAY = {
    "name": "at most a day", "check": "hours <= 24", "severity": "error", "field": "hours",
    "message": "{hours} hours do not fit into one day.",
}  # fmt: skip
RATES = {"Consultant": Decimal(100), "Partner": Decimal(300)}
PRICED = worlds.INWARD | {
    "name": "ledger-time-priced",
    "fields": [{"bill_rate": RATE, "amount": AMOUNT}.get(each["to"], each) for each in worlds.INWARD["fields"]],
    "rules": [DAY],
}  # fmt: skip


WRONG = ["0.00", "30.00"]  # stops at the destination; stops before one is chosen


@pytest.fixture
def farid() -> User:
    return person("Farid Amini", Role.FINANCE)


def priced(world: World) -> World:
    """Let the world's route price an entry: the rate by its role, the amount by hours and rate."""
    table = tables.create_table(
        name="bill_rates", title="Bill rates", key_columns=["role", "currency"], value_columns={"rate": "money"},
        by=ENGINE,
    )  # fmt: skip
    rows = [tables.NewRow((role, "EUR"), {"rate": rate}) for role, rate in RATES.items()]
    assert not tables.add_rows(table, rows, by=ENGINE).waiting
    versions.install(kind="mapping", object_key=str(PRICED["name"]), content=PRICED)
    world.route.mapping = str(PRICED["name"])
    world.route.save()
    plan.cache_clear()
    return world


def correct(world: World, farid: User, **fields: str) -> None:
    """Correct fields of the newest record, and send what is open again."""
    for field, value in fields.items():
        record = Record.objects.order_by("-version")[0]
        overlays.correct(record=record.pk, field=field, value=value, reason="as on the slip", by=farid)
    open_ = Failure.objects.filter(closed_at=None)
    reprocess.records([f.record_id for f in open_ if not f.transaction_id], by=farid, reason="corrected", how="fixed")
    reprocess.transactions(
        [f.transaction_id for f in open_ if f.transaction_id], by=farid, reason="corrected", how="fixed"
    )
    world.deliver()


def sent(target: Target) -> dict[str, Any]:
    """Return what the target was last sent."""
    return msgspec.json.decode(target.commits[-1].body, type=dict[str, Any])


def books() -> list[tuple[Any, Any]]:
    return list(Transaction.objects.exclude(state="superseded").values_list("hours", "amount"))


@pytest.mark.parametrize("hours", WRONG)
def test_corrected_hours_give_the_amount_of_these_hours(make_world: Make, farid: User, hours: str) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours=hours))
    assert Failure.objects.filter(closed_at=None).count() == 1

    correct(world, farid, hours="4.00")

    assert world.states() == ["posted"]
    assert books() == [(Decimal(4), Decimal(400))]
    assert (sent(world.target)["hours"], sent(world.target)["amount"]) == (4, 400)


def test_corrected_role_gives_the_rate_and_amount_of_that_role(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, role="Consulant"))
    assert Failure.objects.get().category == "unmapped_value"

    correct(world, farid, role="Partner")

    assert books() == [(Decimal(8), Decimal(2400))]


def test_corrected_rate_stands_for_one_that_no_table_has(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, role="Consulant"))

    correct(world, farid, bill_rate="150")

    assert books() == [(Decimal(8), Decimal(1200))]


def test_corrected_amount_holds_against_the_formula(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))

    correct(world, farid, hours="4.00", amount="350.00")

    assert books() == [(Decimal(4), Decimal(350))]


def test_rule_is_asked_of_the_corrected_value(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="30.00"))

    correct(world, farid, hours="25.00")

    assert not world.states()
    assert "25.00 hours do not fit" in Failure.objects.get(closed_at=None).message


@pytest.mark.parametrize("hours", WRONG)
def test_next_version_keeps_every_correction_until_the_source_speaks_differently(
    make_world: Make, farid: User, hours: str
) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours=hours))
    correct(world, farid, hours="4.00")
    correct(world, farid, amount="350.00")  # said of an amount that the first correction had already changed

    world.take_in(entry(1, hours=hours, version=2, notes="told more"))
    world.deliver()

    assert sent(world.target)["amount"] == 350
    assert Overlay.objects.filter(ended_at=None).count() == 2
    assert not Failure.objects.filter(closed_at=None).exists()


def test_source_that_agrees_ends_the_correction_and_prices_by_itself(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4.00")

    world.take_in(entry(1, hours="4.00", version=2))
    world.deliver()

    assert Overlay.objects.get().ended_how == "source_agrees"
    assert sent(world.target)["amount"] == 400


def test_source_that_says_a_third_value_is_asked_about(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    correct(world, farid, hours="4.00")

    world.take_in(entry(1, hours="6.00", version=2))

    problem = Failure.objects.get(closed_at=None)
    assert problem.category == "conflict"
    assert "hours was corrected to 4" in problem.message


def test_correction_stays_when_a_record_in_our_words_is_sent_again(make_world: Make, farid: User) -> None:
    """What is stored of a later version holds the correction already: that is no agreement of the source."""
    world = make_world()
    world.route.connection, world.route.stream, world.route.mapping = None, "", ""
    world.route.save()
    plan.cache_clear()
    raw = {
        "entry_id": "TE-0000001", "legal_entity": "HP-DE", "worker_id": "W-001", "project_code": "P-001",
        "worked_on": "2026-10-05", "hours": Decimal("0.00"), "billable": True, "approval_status": "approved",
        "changed_at": "2026-10-06T08:00:00Z",
    }  # fmt: skip
    world.take_in(raw)
    correct(world, farid, hours="4.00")
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Not today.")
    world.take_in(raw | {"description": "told more", "changed_at": "2026-10-06T09:00:00Z"})
    world.deliver()
    world.target.behave = lambda request, count: None

    correct(world, farid)

    assert Overlay.objects.get().ended_at is None
    assert sent(world.target)["hours"] == 4


@pytest.mark.parametrize("field", ["legal_entity", "entry_id"])
def test_what_a_record_is_known_by_cannot_be_corrected(make_world: Make, farid: User, field: str) -> None:
    make_world().take_in(entry(1))
    with pytest.raises(ValueError, match=f"The {field.replace('_', ' ')} is part of what a time entry is known by"):
        overlays.correct(record=Record.objects.get().pk, field=field, value="HP-GB", reason="slip", by=farid)


@pytest.mark.parametrize(
    ("made_with", "corrected", "said"),
    [
        ({"condition": "billable"}, {"billable": "no"}, "no longer meets the condition of Ledger"),
        (
            {"key_formula": 'hub.key & "/" & project_code'}, {"project_code": "P-002"},
            "another business key at Ledger: TE-0000001/P-002 instead of TE-0000001/P-001",
        ),
    ],
)  # fmt: skip
def test_correction_that_would_go_elsewhere_stops(
    make_world: Make, farid: User, made_with: dict[str, Any], corrected: dict[str, str], said: str
) -> None:
    world = make_world(**made_with)
    world.take_in(entry(1, hours="0.00"))

    correct(world, farid, hours="4.00", **corrected)

    assert world.states() == ["failed"]
    assert said in Failure.objects.get(closed_at=None).message


def test_correction_changes_no_key_that_a_mapping_works_out(make_world: Make, farid: User) -> None:
    world = priced(make_world())
    by_project = {"to": "legal_entity", "formula": 'IF(result.project_code = "P-001", "HP-DE", "HP-GB")'}
    fields = [each for each in PRICED["fields"] if each["to"] != "legal_entity"]
    content = PRICED | {"name": "ledger-time-by-project", "fields": [*fields, by_project]}
    versions.install(kind="mapping", object_key="ledger-time-by-project", content=content)
    world.route.mapping = "ledger-time-by-project"
    world.route.save()
    plan.cache_clear()
    world.take_in(entry(1, hours="30.00"))

    correct(world, farid, hours="4.00", project_code="P-002")

    assert Transaction.objects.get().legal_entity.code == "HP-DE"
