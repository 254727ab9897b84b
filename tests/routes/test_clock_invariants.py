"""Random histories in which the clock jumps while requests travel: each key ends with its newest version, once."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from connectors.outcome import WriteOutcome, WriteRequest
from routes import clock, settling
from tests import clocks
from tests.routes.test_invariants import check_books, settle
from tests.routes.world import World, entry, unknown

Make = Callable[..., World]
LATEST = 10  # seconds until a request that nobody answered is committed; the ledger's settle time is longer


@dataclass
class Wire:
    """What travels: requests that the target commits late, and seconds that pass for them too."""

    world: World
    random: random.Random
    travelling: list[tuple[float, WriteRequest]] = field(default_factory=list)

    def behave(self, request: WriteRequest, number: int) -> WriteOutcome | str | None:
        mood = self.random.random()
        if mood < 0.25:
            self.travelling.append((clock.passed + self.random.uniform(0.5, LATEST), request))
            return unknown("no answer in time")
        return "committed, and hung up" if mood < 0.35 else unknown("lost") if mood < 0.45 else None

    def wait(self, seconds: float) -> None:
        """Let time pass, second by second; what arrives is committed."""
        for _ in range(int(seconds)):
            self.world.later(1)
            arrived = [request for due, request in self.travelling if due <= clock.passed]
            self.travelling = [each for each in self.travelling if each[0] > clock.passed]
            self.world.target.commits += [r for r in arrived if not self.absorbed(r)]

    def absorbed(self, request: WriteRequest) -> bool:
        target = self.world.target
        return target.dedups and any(c.idempotency_key == request.idempotency_key for c in target.commits)


def play(wire: Wire, keys: int, steps: int) -> dict[str, Decimal]:
    """Let versions arrive, time pass and the clock jump; return what each key should be worth in the end."""
    newest: dict[int, int] = {}
    for _ in range(steps):
        number = wire.random.randint(1, keys)
        newest[number] = newest.get(number, 0) + 1
        wire.world.take_in(entry(number, hours=f"{newest[number]}.00", version=newest[number]))
        for _ in range(wire.random.randint(1, 4)):
            wire.world.deliver(rounds=1)
            if wire.random.random() < 0.3:
                clocks.jump(wire.random.choice([-7200, -3600, -60, 60, 3600, 7200]))
            if wire.random.random() < 0.5:
                clock.mend()
                settling.sweep()
            wire.wait(wire.random.choice([0, 1, 2, 8, 20]))
    return {f"TE-{number:07d}": Decimal(version) for number, version in newest.items()}


@pytest.mark.parametrize("correction", ["update", "reverse"])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_clock_shows_each_key_ends_with_its_newest_version_once(
    quick_world: Make, correction: str, seed: int
) -> None:
    world = quick_world("ledger_look_up", correction=correction)
    wire = Wire(world, random.Random(f"{correction}{seed}"))
    world.target.behave = wire.behave
    clock.mend()
    expected = play(wire, keys=3, steps=15)
    wire.wait(2 * LATEST)
    clock.mend()
    settle(world)
    assert {key: world.target.net_hours(key) for key in expected} == expected
    done = Counter((c.key, c.operation) for c in world.target.commits)
    doubled = [key for (key, operation), times in done.items() if operation == "create" and times > 1]
    assert doubled == []
    check_books(world)
