"""What a correction that became a version of its own does at each destination, counted for whoever made it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from routes.arrivals import Arrival, Verdict
from routes.bulk import arrays
from routes.duplicates import where
from routes.heads import Where
from routes.states import State

STANDING = """
SELECT h.connection_id, h.object, h.key, h.live_hash FROM routes_keyhead h
JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS w(connection_id, object, key)
  ON h.connection_id = w.connection_id AND h.object = w.object AND h.key = w.key
WHERE h.live_transaction_id IS NOT NULL
"""
Standing = Mapping[Where, bytes]  # hash of the request that stands at a target, by key


@dataclass(slots=True)
class Places:
    """Corrected records by what becomes of them, and by the destination's name."""

    went_on: int = 0  # where they had stopped
    corrected: Counter[str] = field(default_factory=Counter)  # sent to where they had not stopped
    same: Counter[str] = field(default_factory=Counter)  # nothing of what stands there changes
    taken_back: Counter[str] = field(default_factory=Counter)  # posted there, and belonging there no more
    no_more: Counter[str] = field(default_factory=Counter)  # bound for there, and belonging there no more
    held: Counter[str] = field(default_factory=Counter)  # a second person is asked
    kept: Counter[str] = field(default_factory=Counter)  # the destination is switched off
    stopped: Counter[str] = field(default_factory=Counter)  # for a reason of its own, or waiting for a parent

    def add(self, arrivals: Mapping[str, Arrival], own: Collection[tuple[str, int]], stand: Standing) -> None:
        """Count what was decided of these records; `own` are (key, destination) where they had stopped."""
        for key, arrival in arrivals.items():
            sent = {v.destination.id for v in arrival.verdicts if not v.withdraws}
            for verdict in arrival.verdicts:
                mine = (key, verdict.destination.id) in own
                if verdict.withdraws and verdict.destination.id in sent:
                    continue  # under another key there: what is sent tells it
                self._count(verdict, mine=mine, stand=stand)

    def _count(self, verdict: Verdict, *, mine: bool, stand: Standing) -> None:
        name, there = verdict.destination.name, stand.get(where(verdict))
        if verdict.withdraws:
            (self.no_more if there is None else self.taken_back)[name] += 1
        elif verdict.state is State.READY and mine:
            self.went_on += 1
        elif verdict.state is State.READY:
            (self.same if there == verdict.content else self.corrected)[name] += 1
        elif verdict.state is State.HELD:
            switched_off = verdict.waits_for is not None and verdict.waits_for[0] == "switch"
            (self.kept if switched_off else self.held)[name] += 1
        else:
            self.stopped[name] += 1

    def told(self) -> str:
        """Return it as sentences: "Corrected there, too: 1 at Copy."; empty where only those that stopped go on."""
        words = (
            ("Corrected there, too", self.corrected), ("Taken back there", self.taken_back),
            ("No longer goes there", self.no_more), ("Held there for a second person", self.held),
            ("Kept there until it is switched on", self.kept), ("Stopped or waiting there", self.stopped),
            ("Stays there as it is, for nothing that is sent changes", self.same),
        )  # fmt: skip
        return " ".join(f"{said}: {places(counts.items())}." for said, counts in words if counts)


def places(counts: Iterable[tuple[str, int]]) -> str:
    """Return counts by place in words: "1 at Copy and 12 at Ledger"."""
    return " and ".join(f"{count:,} at {name}" for name, count in sorted(counts))


def standing(arrivals: Iterable[Arrival]) -> Standing:
    """Return what stands now under the keys that these records want or leave. One query."""
    wanted: Sequence[Where] = [where(v) for a in arrivals for v in a.verdicts]
    with connection.cursor() as cursor:
        cursor.execute(STANDING, arrays(wanted, 3))
        return {(at, object_, key): bytes(live or b"") for at, object_, key, live in cursor.fetchall()}
