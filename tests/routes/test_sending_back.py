"""Sending back to the source: at the simulator, once, whatever breaks, and answered only by what has come back."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError

from canonical.failure import Category
from connectors import loop
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, LookUp, Result, WriteOutcome, WriteRequest
from governance import keys
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed, Role
from routes import retry, runs, sending_back
from routes.models import Attempt, Failure, Run, SendingBack
from routes.sending_back import NotToSendBack
from sandbox.launch import Simulator
from tests.governance.people import company, person
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
WHY = "the project was closed in October"


@pytest.fixture
def farid(transactional_db: None) -> Any:
    return person("Farid Amini", Role.FINANCE, company("HP-DE"))


class Source:
    """What the time tool was asked, and what it answers: a text is an answer that got lost."""

    def __init__(self) -> None:
        self.sent: list[WriteRequest] = []
        self.has: set[str] = set()
        self.asked = 0
        self.behave: Callable[[int], WriteOutcome | str | None] = lambda count: None

    def write(self, connection: Connection, stream: str, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
        return [self._one(each) for each in requests]

    def _one(self, request: WriteRequest) -> WriteOutcome:
        self.sent.append(request)
        wanted = self.behave(len(self.sent))
        if isinstance(wanted, WriteOutcome):
            return wanted
        self.has.add(request.key)
        return unknown(wanted) if isinstance(wanted, str) else WriteOutcome(Result.CONFIRMED, external_id="R1")

    def look_up(
        self, connection: Connection, stream: str, requests: Sequence[WriteRequest]
    ) -> list[LookUp | ConnectorFailure]:
        self.asked += 1
        return [LookUp(each.key in self.has, external_id="R1") for each in requests]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()
    monkeypatch.setattr(sending_back, "send_requests", made.write)
    monkeypatch.setattr(sending_back, "ask_requests", made.look_up)
    return made


def failed(world: World, number: int = 1) -> list[Failure]:
    world.take_in(*(entry(each, hours="0.00") for each in range(1, number + 1)))
    return list(Failure.objects.filter(closed_at=None).order_by("pk"))


def carry(world: World, times: int = 1) -> None:
    for _ in range(times):
        assert world.route.connection_id is not None
        while sending_back.carry(world.route.connection_id):
            pass
        world.later(400)


def test_source_is_told_once_with_reason_and_who(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world()
    rows = sending_back.ask(failed(world, 2), by=farid, reason=WHY)
    carry(world, 3)
    assert sorted(each.external_id for each in source.sent) == ["1", "2"]
    told = source.sent[0].body.decode()
    assert WHY in told
    assert "Farid Amini" in told
    assert {each.idempotency_key for each in source.sent} == {str(row.pk) for row in rows}
    assert set(SendingBack.objects.values_list("state", "reference")) == {("confirmed", "R1")}
    assert AuditEntry.objects.filter(verb="send back to source").count() == 2


def test_nothing_goes_back_twice(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world()
    found = failed(world)
    [row] = sending_back.ask(found, by=farid, reason=WHY)
    with pytest.raises(NotToSendBack, match="Farid Amini has sent TE-0000001 back already"):
        sending_back.ask(found, by=farid, reason=WHY)
    row.pk = None
    with pytest.raises(IntegrityError):
        SendingBack.objects.create(
            **{f.attname: getattr(row, f.attname) for f in SendingBack._meta.concrete_fields if f.name != "id"}
        )


def test_lost_answer_is_asked_after_and_not_repeated(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world("ledger_look_up")
    source.behave = lambda count: "no answer"
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 3)
    assert (len(source.sent), source.asked) == (1, 1)
    assert SendingBack.objects.get().state == "confirmed"


def test_what_never_arrived_is_sent_again_once_the_source_said_so_twice(
    make_world: Make, farid: Any, source: Source
) -> None:
    world = make_world("ledger_look_up")
    source.behave = lambda count: unknown() if count == 1 else None
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 6)
    assert (len(source.sent), source.asked, len({each.idempotency_key for each in source.sent})) == (2, 2, 1)
    assert len({each.body for each in source.sent}) == 1
    assert SendingBack.objects.get().state == "confirmed"


def test_source_that_absorbs_repeats_gets_the_same_again(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world("ledger_idempotent")
    source.behave = lambda count: unknown() if count == 1 else None
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 4)
    assert len({(each.idempotency_key, each.body) for each in source.sent}) == 1
    assert (len(source.sent), SendingBack.objects.get().state) == (2, "confirmed")


def test_source_that_cannot_be_asked_is_left_to_a_person(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world("ledger_blind")
    source.behave = lambda count: "no answer"
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 3)
    row = SendingBack.objects.get()
    assert (len(source.sent), row.state, row.due_at) == (1, "unknown", None)
    assert "Look there" in row.message


def test_worker_that_died_with_it_leaves_it_in_doubt(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world("ledger_look_up")

    def die(*each: Any) -> list[WriteOutcome]:
        raise SystemExit

    sending_back.ask(failed(world), by=farid, reason=WHY)
    write, sending_back.send_requests = sending_back.send_requests, die  # type: ignore[assignment]
    assert world.route.connection_id is not None
    with pytest.raises(SystemExit):
        sending_back.carry(world.route.connection_id)
    sending_back.send_requests = write
    assert SendingBack.objects.get().state == "sent"
    world.later(400)
    carry(world, 6)
    assert (SendingBack.objects.get().state, len(source.sent)) == ("confirmed", 1)


def test_refusal_is_final_and_a_disturbance_is_tried_again(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world()
    source.behave = lambda count: refused(Category.TRANSIENT, "a moment") if count == 1 else None
    first, second = failed(world, 2)
    sending_back.ask([first], by=farid, reason=WHY)
    carry(world, 3)
    assert SendingBack.objects.get().state == "confirmed"
    assert Attempt.objects.filter(effect_id=SendingBack.objects.get().pk, outcome="refused").count() == 1
    source.behave = lambda count: refused(Category.REFUSED, "it is not approved")
    sending_back.ask([second], by=farid, reason=WHY)
    carry(world, 2)
    row = SendingBack.objects.get(failure_id=second.pk)
    assert (row.state, row.message, row.due_at) == ("refused", "it is not approved", None)
    sending_back.ask([second], by=farid, reason=WHY)  # what was refused may be tried again by a person


def test_newer_version_that_comes_first_is_not_sent_back(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world()
    sending_back.ask(failed(world), by=farid, reason=WHY)
    world.take_in(entry(1, version=2))
    carry(world)
    assert not source.sent
    assert SendingBack.objects.get().message == "Not sent: a newer version of it came first."


def test_only_what_stands_somewhere_is_an_answer(make_world: Make, farid: Any, source: Source) -> None:
    world = make_world()
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world)
    assert sending_back.note_answers() == 0
    world.take_in(entry(1, hours="0.00", version=2, status="rejected"))
    assert sending_back.note_answers() == 0  # the source has only rejected it
    world.take_in(entry(1, version=3))
    assert sending_back.note_answers() == 0  # on its way
    world.deliver()
    assert sending_back.note_answers() == 1


def test_ways_of_refusing(make_world: Make, farid: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    found = failed(world)
    with pytest.raises(ValueError, match="needs a reason"):
        sending_back.ask(found, by=farid, reason=" ")
    for other in (person("Viktor Lang", Role.VIEWER), person("Grace Field", Role.FINANCE, company("HP-GB"))):
        with pytest.raises(NotAllowed):
            sending_back.ask(found, by=other, reason=WHY)
    monkeypatch.setattr(sending_back, "way_of", lambda route: (None, "Approvals are only shown to programs there."))
    with pytest.raises(NotToSendBack, match="only shown to programs"):
        sending_back.ask(found, by=farid, reason=WHY)
    assert not SendingBack.objects.exists()


@pytest.fixture(params=["look_up", "idempotent", "blind"])
def ledger(request: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Simulator]]:
    with Simulator.start("ledger", state=tmp_path, mode=request.param, entries=4) as started:
        monkeypatch.setattr(settings, "OUTBOUND_ALLOWED", [f"127.0.0.1:{started.port}"])
        loop.stop()
        yield request.param, started
        loop.stop()


def read(world: World) -> None:
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    runs.work(world.route.pk)
    assert Run.objects.get(pk=run.pk).state == "done"


def test_simulator_takes_the_approval_back_and_shows_the_reason(
    make_world: Make, farid: Any, ledger: tuple[str, Simulator]
) -> None:
    mode, simulator = ledger
    world = make_world(f"ledger_{mode}", over_http=simulator.url)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "the project is closed")
    read(world)
    world.deliver()
    [found] = Failure.objects.filter(closed_at=None, legal_entity=company("HP-DE"))[:1]
    row = sending_back.ask([found], by=farid, reason=WHY)[0]
    carry(world, 2)
    row.refresh_from_db()
    assert (row.state, row.reference) == ("confirmed", str(row.pk))
    [log] = [line for line in simulator.log("source.jsonl") if line["kind"] == "reject"]
    assert log["changed"] | {"comment": WHY, "rejected_by": "Farid Amini", "status": "rejected"} == log["changed"]
    world.target.behave = lambda request, count: None
    read(world)
    world.deliver()
    assert sending_back.note_answers() == 0
    simulator.admin("POST", "resubmissions", {"id": log["id"], "hours": "4.00"})
    read(world)
    world.deliver()
    assert sending_back.note_answers() == 1
    assert [line["kind"] for line in simulator.log("source.jsonl")] == ["reject", "resubmit"]


@pytest.mark.parametrize(
    ("failure", "ends"),
    [
        (ConnectorFailure(Category.NO_RIGHT, "the user may not look"), True),
        (ConnectorFailure(Category.CONFIGURATION, "the certificate has ended", sent=False), True),
        (ConnectorFailure(Category.DUPLICATE, "it is there twice"), True),
        (ConnectorFailure(Category.OUTAGE, "nobody there", sent=False), False),
        (ConnectorFailure(Category.THROTTLED, "slower", retry_after=30), False),
    ],
)
def test_question_that_is_never_answered_ends_with_a_person(
    make_world: Make, farid: Any, source: Source, monkeypatch: pytest.MonkeyPatch, failure: ConnectorFailure, ends: bool
) -> None:
    world = make_world("ledger_look_up")
    source.behave = lambda count: unknown()
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world)
    monkeypatch.setattr(sending_back, "ask_requests", lambda c, s, requests: [failure] * len(requests))
    carry(world, 60)
    row = SendingBack.objects.get()
    assert (row.state, row.ended_at is not None) == ("unknown", ends)
    assert len(source.sent) == 1


@pytest.mark.parametrize("category", [Category.VALIDATION, Category.DUPLICATE, Category.SHAPE])
def test_what_cannot_leave_for_a_reason_of_its_own_ends(
    make_world: Make, farid: Any, source: Source, category: Category
) -> None:
    world = make_world()
    source.behave = lambda count: WriteOutcome(Result.NOT_SENT, category=category, message="it does not fit")
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 3)
    assert (SendingBack.objects.get().state, len(source.sent)) == ("refused", 1)


def test_keys_that_cannot_be_used_put_nothing_in_doubt(
    make_world: Make, farid: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world("ledger_blind")
    sending_back.ask(failed(world), by=farid, reason=WHY)
    usable = os.environ.get(keys.ENVIRONMENT, "")
    monkeypatch.setenv(keys.ENVIRONMENT, "0" * 43 + "=!")
    monkeypatch.setattr(sending_back, "send_requests", lambda c, s, requests: keys.require_usable())
    with pytest.raises(keys.KeysUnusable):
        sending_back.carry(world.route.connection_id)  # type: ignore[arg-type]
    assert SendingBack.objects.get().state == "intended"
    monkeypatch.setenv(keys.ENVIRONMENT, usable)
    monkeypatch.setattr(sending_back, "send_requests", source.write)
    carry(world)
    assert SendingBack.objects.get().state == "confirmed"


@pytest.mark.parametrize("lost", [True, False])
def test_number_that_cannot_be_kept_whole_is_cut(
    make_world: Make, farid: Any, source: Source, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    world = make_world("ledger_look_up")
    odd = "R\x00" + "9" * 200
    source.behave = lambda count: unknown() if lost else WriteOutcome(Result.CONFIRMED, reference=odd)
    monkeypatch.setattr(
        sending_back, "ask_requests", lambda c, s, requests: [LookUp(True, reference=odd) for _ in requests]
    )
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 3)
    row = SendingBack.objects.get()
    assert (row.state, row.reference) == ("confirmed", "R�" + "9" * 118)


def test_what_never_proves_to_be_there_ends_with_a_person(make_world: Make, farid: Any, source: Source) -> None:
    """The source loses each answer, and says each time that it does not have it."""
    world = make_world("ledger_look_up")
    source.behave = lambda count: unknown()
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 200)
    row = SendingBack.objects.get()
    assert (row.state, row.due_at) == ("unknown", None)
    assert "Look there" in row.message
    assert len(source.sent) <= retry.POLICIES[Category.OUTCOME_UNKNOWN].attempts


@pytest.mark.parametrize(("told", "ends"), [(None, True), (True, False)])
def test_what_breaks_each_time_before_a_byte_leaves_ends(
    make_world: Make, farid: Any, source: Source, told: bool | None, ends: bool
) -> None:
    """But whose turn never came within its time has not been tried."""
    world = make_world("ledger_look_up")
    source.behave = lambda count: WriteOutcome(
        Result.NOT_SENT, category=Category.TRANSIENT, message="it speaks before it is asked", retry=told
    )
    sending_back.ask(failed(world), by=farid, reason=WHY)
    carry(world, 15)
    assert (SendingBack.objects.get().ended_at is not None) == ends
