"""What a target says of its record is kept as far as it can be: it never keeps an answer from being taken in."""

from collections.abc import Callable

import pytest

from canonical.failure import Category
from connectors.answer import Answer
from connectors.classify import judge
from connectors.outcome import ConnectorFailure, LookUp, Result, WriteOutcome
from routes import shipments
from routes.models import Effect, KeyHead
from tests.connectors.acme import acme
from tests.routes.world import World, entry, unknown

Make = Callable[..., World]
ODD = {
    "long id": WriteOutcome(Result.CONFIRMED, external_id="x" * 121, reference="LR-1", version="v1"),
    "long number": WriteOutcome(Result.CONFIRMED, external_id="X1", reference="L" * 121, version="v1"),
    "long version": WriteOutcome(Result.CONFIRMED, external_id="X1", reference="LR-1", version="v" * 91),
    "nul": WriteOutcome(Result.CONFIRMED, external_id="X\x001", reference="LR\x00-1", version="v\x001"),
}


@pytest.mark.parametrize("travels", [True, False])
@pytest.mark.parametrize("said", ODD)
def test_answer_that_cannot_be_kept_whole_is_taken_in(quick_world: Make, said: str, travels: bool) -> None:
    world = quick_world("ledger_idempotent")
    world.travels = travels
    world.target.behave = lambda request, number: ODD[said] if request.key == "TE-0000001" else None
    world.take_in(entry(1), entry(2))
    world.deliver()
    assert world.states() == ["posted", "posted"]
    assert len(world.target.requests) == 2
    kept = Effect.objects.get(key="TE-0000001")
    assert len(kept.reference) <= 120
    assert kept.external_id in ("", "X1"), "half an id is another one"
    assert kept.target_version in ("", "v1")


def test_record_that_a_question_finds_is_kept_as_far_as_it_can_be(quick_world: Make, monkeypatch) -> None:
    world = quick_world("ledger_look_up")
    world.target.behave = lambda request, number: unknown()
    world.take_in(entry(1))
    world.deliver()
    found = [LookUp(True, "x" * 200, "L\x00", "v" * 200)]
    monkeypatch.setattr(shipments, "ask_requests", lambda *_: found)
    world.later(20)
    world.deliver()
    assert world.states() == ["posted"]
    assert KeyHead.objects.get().live_external_id == ""
    assert Effect.objects.get().reference == "L�"


def test_words_of_a_system_hold_nothing_that_no_database_keeps() -> None:
    manifest = acme().manifest
    for body in (b'{"message": "a\\u0000b"}', b"<html>a\x00b", b'{"message": {"x": "a\\u0000"}}'):
        assert "\x00" not in judge(manifest, Answer(422, {}, body)).message
    failure = ConnectorFailure(Category.SHAPE, "a\x00b")
    assert (failure.message, str(failure)) == ("a�b", "a�b")
