"""Rules of severity "warning": what they say is kept with the transaction, which goes on."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import versions
from governance.actor import ENGINE
from governance.rights import Role
from routes import reprocess
from routes.models import RuleWarning, Transaction
from tests.governance.people import company, person
from tests.routes.world import INWARD, OUTWARD, World, entry

Make = Callable[..., World]
LONG = "More than ten hours on one day. Ask whether that is meant."
LATE = "It was approved after the month's cut-off."


def warning(world: World, where: dict[str, Any], name: str, check: str, message: str) -> None:
    """Add a rule that warns to one of the world's mappings."""
    rule = {"name": name, "check": check, "severity": "warning", "field": "hours", "message": message}
    content = where | {"name": f"{where['name']}-{name}", "rules": [*where.get("rules", ()), rule]}
    versions.install(kind="mapping", object_key=content["name"], content=content)
    use(world, where, content["name"])


def use(world: World, where: dict[str, Any], name: str) -> None:
    changed = world.route if where is INWARD else world.destination
    changed.mapping = name
    changed.save()


def said() -> list[tuple[str, str, str]]:
    found = RuleWarning.objects.order_by("transaction_id", "pk")
    keys = dict(Transaction.objects.values_list("pk", "key"))
    return [(keys[each.transaction_id], each.rule, each.message) for each in found]


def test_warning_is_kept_and_its_transaction_is_posted(quick_world: Make) -> None:
    world = quick_world()
    warning(world, OUTWARD, "long-day", "hours <= 10", LONG)
    warning(world, INWARD, "late", 'worked_on > DATEVALUE("2026-10-04")', LATE)
    world.take_in(entry(1), entry(2, hours="12.00", worked_on="2026-10-01"), entry(3, worked_on="2026-10-01"))
    world.deliver()
    assert world.states() == ["posted"] * 3
    assert sorted(said()) == [
        ("TE-0000002", "late", LATE), ("TE-0000002", "long-day", LONG), ("TE-0000003", "late", LATE),
    ]  # fmt: skip


def test_page_without_warnings_asks_nothing_more_of_the_database(quick_world: Make) -> None:
    world = quick_world()
    warning(world, OUTWARD, "long-day", "hours <= 10", LONG)
    with CaptureQueriesContext(
        connection,
    ) as without:
        world.take_in(*(entry(n) for n in range(1, 4)))
    assert not [q for q in without.captured_queries if "rulewarning" in q["sql"]]
    assert not RuleWarning.objects.exists()


def test_warning_of_a_transaction_taken_on_again_is_what_its_rules_say_now(quick_world: Make) -> None:
    world = quick_world()
    warning(world, OUTWARD, "long-day", "hours <= 10", LONG)
    world.take_in(entry(1, hours="12.00"))
    stopped = world.transactions()[0]
    Transaction.objects.filter(pk=stopped.pk).update(state="failed")
    for _ in range(2):
        reprocess.transactions([stopped.pk], by=ENGINE, reason="again", how="fixed")
        assert [rule for _, rule, _ in said()] == ["long-day"]
        Transaction.objects.filter(pk=stopped.pk).update(state="failed")
    use(world, OUTWARD, OUTWARD["name"])
    reprocess.transactions([stopped.pk], by=ENGINE, reason="again", how="fixed")
    assert said() == []


def test_warning_is_seen_by_those_of_its_legal_entity_alone(quick_world: Make) -> None:
    world = quick_world()
    warning(world, OUTWARD, "long-day", "hours <= 10", LONG)
    world.take_in(entry(1, hours="12.00"))
    viktor = person("Viktor Lang", Role.VIEWER, company("HP-DE"))
    grace = person("Grace Field", Role.VIEWER, company("HP-GB"))
    assert RuleWarning.objects.visible_to(viktor).count() == 1
    assert not RuleWarning.objects.visible_to(grace).exists()
