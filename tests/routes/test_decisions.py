"""What a person says of a write in doubt settles what the target's own answer would have settled."""

from collections.abc import Callable
from typing import Any

import pytest

from canonical.failure import Category
from connectors.outcome import ConnectorFailure, WriteRequest
from governance import versions
from governance.models import User, Version
from mappings.models import CrossReference
from routes import decisions, linking
from routes.models import Destination, Effect, Failure, KeyHead, Transition
from routes.states import State
from tests.routes.world import OUTWARD, World, entry

Make = Callable[..., World]
KEY = "TE-0000001"


@pytest.fixture
def clara(db: None) -> User:
    """The controller, who may decide."""
    return User.objects.create_superuser(username="clara", email="clara@halden.example", password="x")


def silent(operation: str) -> Callable[[WriteRequest, int], str | None]:
    """Commit everything, but hang up after an operation."""
    return lambda request, number: "hung up" if request.operation == operation else None


def in_doubt(world: World, operation: str, *versions: dict[str, Any]) -> Any:
    """Post the first version, leave the operation of the second in doubt; return the second's transaction."""
    world.take_in(versions[0])
    world.deliver()
    world.target.behave = silent(operation)
    world.take_in(versions[1])
    world.deliver()
    doubtful = world.transactions()[-1]
    assert (doubtful.state, Failure.objects.get().category) == (State.FAILED, Category.OUTCOME_UNKNOWN)
    world.target.behave = lambda request, number: None
    return doubtful.pk


def test_reversal_that_happened_lets_the_new_version_be_posted(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="reverse")
    doubtful = in_doubt(world, "reverse", entry(1), entry(1, hours="6.00", version=2))
    assert decisions.takes_back([doubtful])
    assert decisions.it_happened(doubtful, by=clara, reference="REV-1", reason="reversed on the 4th")
    assert world.states() == ["reversed", "ready"]
    world.later(120)
    world.deliver()
    assert (world.states(), world.target.net_hours(KEY)) == (["reversed", "posted"], 6)
    assert Failure.objects.get().closed_how == "fixed"
    said = Transition.objects.get(subject_id=doubtful, from_state="failed", to_state="ready")
    assert (said.actor_kind, said.reason) == ("person", "reversed, to be posted anew: reversed on the 4th")
    assert Effect.objects.get(operation="reverse").reference == "REV-1"


def test_reversal_that_did_not_happen_is_sent_again(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="reverse")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = silent("reverse")
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    world.target.commits.pop()  # lost on its way
    world.target.behave = lambda request, number: None
    assert decisions.it_did_not_happen(world.transactions()[-1].pk, by=clara, reason="it still counts there")
    world.later(120)
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create", "reverse", "create"]
    assert world.target.net_hours(KEY) == 6


def test_entry_taken_back_and_approved_again_is_posted_anew(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="update")
    doubtful = in_doubt(world, "reverse", entry(1), entry(1, version=2, status="unsubmitted"))
    assert decisions.it_happened(doubtful, by=clara, reference="", reason="gone there")
    assert world.states() == ["reversed", "posted"]
    world.later(120)
    world.take_in(entry(1, version=3))
    world.deliver()
    assert [c.operation for c in world.target.commits] == ["create", "reverse", "create"]
    assert world.target.net_hours(KEY) == 8


def test_difference_that_happened_counts_for_the_next_one(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="delta")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.target.behave = lambda request, number: "hung up" if number == 2 else None
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    assert not decisions.takes_back([world.transactions()[-1].pk])
    assert decisions.it_happened(world.transactions()[-1].pk, by=clara, reference="D-1", reason="")
    world.later(120)
    world.take_in(entry(1, hours="5.00", version=3))
    world.deliver()
    assert world.target.net_hours(KEY) == 5
    assert not decisions.it_happened(world.transactions()[-1].pk, by=clara, reference="D-1", reason="")


def test_change_that_happened_keeps_the_id_that_the_record_has_there(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="update")
    doubtful = in_doubt(world, "update", entry(1), entry(1, hours="6.00", version=2))
    assert decisions.it_happened(doubtful, by=clara, reference="LR-77", reason="")
    world.later(120)
    world.take_in(entry(1, hours="5.00", version=3))
    world.deliver()
    assert [(c.operation, c.external_id) for c in world.target.commits][1:] == [("update", "X1"), ("update", "X1")]


def test_reversal_at_a_target_that_gives_no_clear_answer_is_decided_too(
    quick_world: Make, clara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world("ledger_look_up", correction="reverse")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = silent("reverse")
    unclear = ConnectorFailure(Category.DUPLICATE, "two records have this key")
    monkeypatch.setattr(world.target, "look_up", lambda requests: [unclear] * len(requests))
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    world.later(120)
    world.deliver()
    doubtful = world.transactions()[-1]
    assert "what is posted was reversed" in Failure.objects.get(transaction_id=doubtful.pk).message
    world.target.behave = lambda request, number: None
    assert decisions.it_happened(doubtful.pk, by=clara, reference="REV-1", reason="")
    world.later(300)
    world.deliver()
    assert (world.states(), world.target.net_hours(KEY)) == (["reversed", "posted"], 6)


def test_number_that_people_see_is_never_the_id_of_a_record(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="update")
    Destination.objects.update(keeps_reference=True)
    world.target.behave = silent("create")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: None

    assert decisions.it_happened(world.transactions()[0].pk, by=clara, reference="12", reason="looked up")

    head = KeyHead.objects.get()
    assert (head.live_external_id, Effect.objects.get().reference) == ("", "12")
    assert not CrossReference.objects.exists()


def test_id_that_is_told_is_kept_and_later_changes_go_there(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="update")
    world.target.behave = silent("create")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: None

    assert decisions.it_happened(
        world.transactions()[0].pk, by=clara, reference="2026/12", external_id="8812", reason="looked up"
    )
    world.later(120)
    world.take_in(entry(1, hours="5.00", version=2))
    world.deliver()

    assert [(c.operation, c.external_id) for c in world.target.commits][1:] == [("update", "8812")]


@pytest.mark.parametrize("found", [{"reference": "LR-1"}, {"reference": "LR-2", "external_id": "X-1"}])
def test_one_record_there_stands_for_one_key_only(quick_world: Make, clara: User, found: dict[str, str]) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = silent("create")
    world.take_in(entry(1), entry(2))
    world.deliver()
    first, second = world.transactions()
    decisions.it_happened(first.pk, by=clara, reference="LR-1", external_id="X-1", reason="looked up")

    with pytest.raises(linking.NotToLink, match="stands for TE-0000001 already"):
        decisions.it_happened(second.pk, by=clara, reason="looked up", **found)

    assert world.states() == ["posted", "failed"]
    assert decisions.it_happened(second.pk, by=clara, reference="LR-1", external_id="X-2", reason="in one document")


def test_difference_without_an_id_is_not_taken_for_the_document_before_it(quick_world: Make, clara: User) -> None:
    world = quick_world("ledger_blind", correction="delta")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = silent("create")
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()

    assert decisions.it_happened(world.transactions()[-1].pk, by=clara, reference="D-1", reason="")

    assert KeyHead.objects.get().live_external_id == ""


def test_waived_one_that_is_sent_again_in_vain_holds_up_no_newer_version(quick_world: Make, clara: User) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    [row] = world.transactions()
    assert decisions.waive([row.pk], by=clara, reason="nothing to bill") == [row.pk]
    versions.install(kind="mapping", object_key="other-out", content=OUTWARD | {"name": "other-out"})
    other = Version.objects.get(object_key="other-out")
    assert decisions.resubmit([row.pk], by=clara, reason="with that one", configuration=other) == []
    world.take_in(entry(1, version=2))
    world.deliver()
    assert (world.states(), world.target.net_hours(KEY)) == (["waived", "posted"], 8)
