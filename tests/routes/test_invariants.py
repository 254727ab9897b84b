"""Tries to break the invariants with random histories: versions in any order, targets that misbehave in any way."""

import os
import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from canonical.failure import Category
from connectors.outcome import WriteOutcome, WriteRequest
from governance.rights import Role
from routes.models import Effect, Failure, KeyHead, Record, Transaction, Transition
from tests.governance.people import person
from tests.routes.random_source import Source
from tests.routes.world import World, entry, refused, unknown

Make = Callable[..., World]
SEEDS = range(int(os.environ.get("HISTORIES", "2")))


def misbehaving(random_: random.Random) -> Callable[[WriteRequest, int], WriteOutcome | str | None]:
    """Return a target's mood: mostly well, sometimes committed without an answer, lost, or refused for now."""

    def behave(request: WriteRequest, number: int) -> WriteOutcome | str | None:
        mood = random_.random()
        if mood < 0.15:
            return "committed, and hung up"
        if mood < 0.30:
            return unknown("lost before it was committed")
        if mood < 0.40:
            return refused(Category.TRANSIENT, "lock")
        if mood < 0.45:
            return refused(Category.THROTTLED, "slower")
        return None

    return behave


def play(world: World, random_: random.Random, keys: int, steps: int) -> dict[str, Decimal]:
    """Let versions arrive and deliveries happen in random order; return what each key should be worth in the end."""
    newest: dict[int, tuple[int, Decimal]] = {}
    for _ in range(steps):
        if random_.random() < 0.6:
            number = random_.randint(1, keys)
            last = newest.get(number, (0, Decimal(0)))[0]
            late = last > 1 and random_.random() < 0.2
            version = random_.randint(1, last - 1) if late else last + 1
            hours = Decimal(random_.randint(1, 40)) / 4 + (Decimal("0.01") if late else 0)
            status = "unsubmitted" if random_.random() < 0.2 else "approved"
            world.take_in(entry(number, hours=str(hours), version=version, status=status))
            if not late:
                newest[number] = (version, Decimal(0) if status == "unsubmitted" else hours)
        elif world.travels and random_.random() < 0.2:
            world.lose_a_worker()
        else:
            world.deliver(rounds=random_.randint(1, 3))
        if random_.random() < 0.3:
            world.later(random_.choice([1, 5, 20]))
    return {f"TE-{number:07d}": hours for number, (_, hours) in newest.items()}


def settle(world: World) -> None:
    """Let the target be well and time pass until nothing is left to do."""
    world.target.behave = lambda request, number: None
    for _ in range(60):
        world.deliver()
        world.later(400)
        if not KeyHead.objects.exclude(due_at=None).exists() and not world.travelling():
            return
    pytest.fail(f"still not at rest: {world.states()}")


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up"])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_key_ends_with_its_newest_version_once(
    quick_world: Make, connector: str, correction: str, seed: int
) -> None:
    random_ = random.Random(f"{connector}{correction}{seed}")
    world = quick_world(connector, correction=correction)
    world.travels = bool(seed % 2)
    world.target.behave = misbehaving(random_)
    expected = play(world, random_, keys=4, steps=40)
    settle(world)
    found = {key: world.target.net_hours(key) for key in expected}
    assert found == expected, story(world, next(key for key in expected if found[key] != expected[key]))
    check_books(world)


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up"])
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_people_do_each_key_ends_with_the_sources_last_word_once(
    quick_world: Make, connector: str, correction: str, seed: int
) -> None:
    random_ = random.Random(f"people{connector}{correction}{seed}")
    world = quick_world(connector, correction=correction, approval_formula="hours > 8")
    world.travels = bool(seed % 2)
    source = Source(world, random_, person("Clara Voss", Role.CONTROLLER))
    world.target.behave = misbehaving(random_)
    for _ in range(50):
        if random_.random() < 0.7:
            source.deed()
        elif world.travels and random_.random() < 0.2:
            world.lose_a_worker()
        else:
            world.deliver(rounds=random_.randint(1, 3))
        if random_.random() < 0.3:
            world.later(random_.choice([1, 5, 20]))
    for _ in range(4):  # what one round lets go may stop for another reason
        source.see_to_everything()
        settle(world)
    expected = {f"TE-{number:07d}": said.hours for number, said in source.said.items()}
    found = {key: world.target.net_hours(key) for key in expected}
    wrong = next((key for key in expected if found[key] != expected[key]), "")
    assert found == expected, "\n".join([*source.told, story(world, wrong)])
    check_books(world)
    assert not Record.objects.filter(state="failed").exists()


def story(world: World, key: str) -> str:
    """Tell what happened to a key, for the reader of a failed test."""
    lines = [
        f"{t.version[-4:]} {t.state} {'withdraws' if t.withdraws else t.hours}"
        for t in world.transactions()
        if t.key == key
    ]
    for t in world.transactions():
        if t.key == key:
            lines += [
                f"{t.version[-2:]} {x.at:%H:%M:%S.%f} {x.from_state}→{x.to_state} {x.reason}"
                for x in Transition.objects.filter(subject_id=t.pk).order_by("at", "id")
            ][3:]
    lines += [
        str(h)
        for h in KeyHead.objects.filter(key=key).values(
            "transaction_id", "due_at", "waiting", "seen_version", "lease_owner"
        )
    ]
    lines += [str(t.pk) for t in world.transactions() if t.key == key]
    lines += [str(e) for e in world.effects() if e[0] == key]
    lines += [f"{c.operation} {c.key} {c.body.decode()[:90]}" for c in world.target.commits if c.key.startswith(key)]
    return "\n".join([key, *lines])


def check_books(world: World) -> None:
    """What must hold at rest, whatever happened before."""
    assert set(world.states()) <= {"posted", "superseded", "filtered", "reversed"}
    assert not Failure.objects.filter(closed_at=None).exists()
    assert not Effect.objects.exclude(state__in=["confirmed", "refused"]).exists()
    assert not KeyHead.objects.exclude(transaction_id=None).exists()
    assert Record.objects.count() == Transaction.objects.values("record_id").distinct().count() + unchosen()
    check_histories()


def unchosen() -> int:
    return Record.objects.exclude(pk__in=Transaction.objects.values("record_id")).count()


def check_histories() -> None:
    """Every transaction's last transition is its state, and its transitions form one unbroken path."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id, from_state, to_state FROM routes_history")
        steps: dict[object, list[tuple[str, str]]] = {}
        for subject, old, new in cursor.fetchall():
            steps.setdefault(subject, []).append((old, new))
    for transaction in Transaction.objects.all():
        path = steps[transaction.pk]
        starts, ends = [old for old, _ in path], [new for _, new in path]
        surplus = list(ends)
        for state in starts:
            if state:
                surplus.remove(state)  # every state that was left had been reached
        assert surplus == [transaction.state]
    assert not Transition.objects.filter(reason="").exists()


def test_versions_of_a_key_reach_the_target_in_order(quick_world: Make) -> None:
    world = quick_world("ledger_look_up", order="in_order", correction="update")
    random_ = random.Random(3)
    for version in range(1, 8):
        world.take_in(
            entry(1, hours=f"{version}.00", version=version), entry(2, version=version, hours=f"{version}.50")
        )
        world.target.behave = misbehaving(random_)
        world.deliver(rounds=1)
    settle(world)
    for number in (1, 2):
        seen = [c.body for c in world.target.commits if c.key == f"TE-{number:07d}"]
        assert seen == sorted(seen)
    assert Transaction.objects.exclude(state="posted").count() == 0


def test_a_page_is_accounted_for(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(2), entry(3))
    broken = entry(5)
    del broken["key"]
    totals = world.take_in(entry(1), entry(2, hours="7.00", version=2), entry(4), broken, entry(4, version=2))
    assert (totals.read, totals.new, totals.changed, totals.unchanged, totals.unreadable) == (5, 1, 2, 1, 1)
    assert totals.read == totals.new + totals.changed + totals.unchanged + totals.unreadable
    assert Failure.objects.filter(category="shape").count() == 1
    assert world.take_in(broken).unreadable == 1
    assert Failure.objects.filter(category="shape").count() == 1
