"""Taking in a page of source records: sort new from known, evaluate, and store it all in the caller's commit.

A page costs a constant number of queries. What was read moves the run's totals and cursor in the same commit, so that
after a crash a page is either wholly there or read again.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from connectors.paths import find
from routes import (
    consignments,
    drafts,
    echoes,
    evaluation,
    legal_entities,
    meeting,
    new_heads,
    overlays,
    pages,
    storing,
)
from routes.arrivals import (
    UNREADABLE,
    Arrival,
    Unreadable,
    decode,
    digest,
    exact,
    exact_with_hash,
    key_of,
    moment_of,
    version_at,
    version_of,
)
from routes.bulk import texts
from routes.plan import Plan
from routes.standing import standings

__all__ = ["Totals", "decode", "exact", "take_in", "take_in_part", "withdraw_missing"]


@dataclass(slots=True)
class Totals:
    """How a page was accounted for: read = new + changed + unchanged + unreadable."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    unreadable: int = 0
    withdrawn: int = 0
    echoes: int = 0
    seen: list[str] = field(default_factory=list)  # heads that the source has, for comparing runs
    due: set[int] = field(default_factory=set)  # destinations for which something waits to be claimed

    def add(self, other: "Totals") -> None:
        """Add the counts of another part of the page."""
        for name in ("read", "new", "changed", "unchanged", "unreadable", "withdrawn", "echoes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seen.extend(other.seen)
        self.due |= other.due


def take_in(
    plan: Plan, raws: Iterable[Mapping[str, Any]], *, run: UUID | None, causation: UUID | None = None,
    onward: storing.Onward | None = None,
) -> Totals:  # fmt: skip
    """Store a page of raw records with everything that follows from them, up to ready; in the caller's commit.

    Returns how each was accounted for. A key that comes twice in a page is taken in twice, in order. What is new may
    travel `onward` in a consignment (`routes.drafts`).
    """
    now = _now()
    return take_in_arrivals(plan, arrive(plan, raws, now, causation), run=run, now=now, onward=onward)


def prepare(plan: Plan, raws: Iterable[Mapping[str, Any]], *, run: UUID | None) -> "Prepared":
    """Work out a page as far as nothing that is stored meanwhile can change it: all that never came before.

    What turns out to be known when the page is stored is evaluated then. Where nothing is, its rows are drawn up.
    """
    now = _now()
    arrivals = arrive(plan, raws, now)
    readable = [a for a in arrivals if a.outcome != "unreadable"]
    seen = known_keys(plan, [a.key for a in readable])
    unseen = [a for a in readable if a.key not in seen]
    if unseen:
        evaluation.normalise(plan, unseen, entities=legal_entities.by_code())
        evaluation.evaluate(plan, unseen, standing=lambda a: {})
    whole = len(unseen) == len(readable) and len(_each_key_once(arrivals)) == 1
    return Prepared(arrivals, now, storing.draw_up(plan, arrivals, run=run, now=now) if whole else None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page that is worked out, and when it was."""

    arrivals: list[Arrival]
    now: dt.datetime
    drawn: storing.Drawn | None = None  # where nothing of it seemed to be known


def take_in_prepared(plan: Plan, prepared: Prepared, *, run: UUID | None) -> "Totals":
    """Store a page that is worked out, in the caller's commit; what it brings new travels where it may."""
    drawn = prepared.drawn
    onward = drawn.onward if drawn is not None else drafts.open_for(plan)
    return take_in_arrivals(plan, prepared.arrivals, run=run, now=prepared.now, onward=onward, drawn=drawn)


def arrive(
    plan: Plan, raws: Iterable[Mapping[str, Any]], now: dt.datetime, causation: UUID | None = None
) -> list[Arrival]:
    """Return what the engine finds out about raw records before anything is stored."""
    # A record without a version of its own has its place in the page as its version, by the microsecond.
    one = dt.timedelta(microseconds=1)
    return [_arrive(plan, raw, now + number * one, causation) for number, raw in enumerate(raws)]


def take_in_arrivals(
    plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime,
    onward: storing.Onward | None = None, drawn: storing.Drawn | None = None,
) -> Totals:  # fmt: skip
    """Store arrivals with everything that follows from them; in the caller's commit.

    Afterwards `record` names the record known before where an arrival brought nothing new.
    """
    assert connection.in_atomic_block, "a page and its cursor share a commit"
    totals = Totals()
    for part in _each_key_once(arrivals):
        totals.add(take_in_part(plan, part, run=run, now=now, onward=onward, drawn=drawn))
    return totals


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        moment: dt.datetime = cursor.fetchone()[0]
        return moment


def _arrive(plan: Plan, raw: Mapping[str, Any], now: dt.datetime, causation: UUID | None) -> Arrival:
    body, content = exact_with_hash(raw)
    if "\\u0000" in body:  # PostgreSQL keeps no NUL character in text
        body = body.replace("\\u0000", "\\ufffd")
        content = digest(body)
        raw = decode(body)  # what is made of it has none either
    arrival = Arrival(raw, body, content, causation=causation)
    facts = plan.source
    try:
        arrival.key = key_of(raw, facts.key)
        changed_at = find(raw, facts.changed_at) if facts.changed_at else None
        if changed_at is not None or (facts.changed_at and not plan.takes_events):  # an event may leave it out
            arrival.changed_at = moment_of(changed_at, facts.changed_at)
        arrival.version = version_of(
            raw, number=facts.version, changed_at=arrival.changed_at, content=arrival.content, arrived=now
        )
    except Unreadable as error:
        arrival.outcome = "unreadable"
        arrival.read_key, arrival.key = arrival.key, f"{UNREADABLE}{arrival.content.hex()}"
        arrival.version = version_at(now)
        arrival.legal_entity = plan.legal_entity_id
        arrival.problems.append(Problem("error", Category.SHAPE, "", None, str(error), arrival.body[:100]))
    return arrival


def _each_key_once(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Split a page so that no part holds a key twice; nearly always one part."""
    parts: list[list[Arrival]] = []
    depth: dict[str, int] = {}
    for arrival in arrivals:
        level = depth.get(arrival.key, 0)
        depth[arrival.key] = level + 1
        if level == len(parts):
            parts.append([])
        parts[level].append(arrival)
    return parts


def take_in_part(
    plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime,
    onward: storing.Onward | None = None, drawn: storing.Drawn | None = None,
) -> Totals:  # fmt: skip
    """Take in records of which no two have the same key."""
    totals = Totals(read=len(arrivals), seen=[a.read_key or a.key for a in arrivals])
    met = meeting.meet(plan, arrivals)
    fresh = _sort_out(plan, arrivals, met.known, totals)
    readable = [a for a in fresh if a.outcome != "unreadable"]
    if readable:
        unprepared = [a for a in readable if a.normalised is None]
        if unprepared:
            evaluation.normalise(plan, unprepared, entities=legal_entities.by_code())
        if plan.reads_back:
            # Asked first: what is settled from now on is recognised.
            untold = run is not None and echoes.are_under_way(plan)
            mirrored = echoes.among(plan, readable)
            if mirrored:
                totals.echoes = len(mirrored)
                for arrival in mirrored:
                    _uncount(arrival, totals)
                storing.remember_seen(plan, mirrored)
                fresh = [a for a in fresh if a not in mirrored]
                readable = [a for a in readable if a not in mirrored]
            if untold and readable:
                raise pages.NotNow(UNTOLD, now + AGAIN)
        known = [a for a in readable if a.outcome != "new"]
        if known:
            new_heads.hold_streams(plan)
            consignments.unpack_records(plan.route_id, [a.key for a in known])
        for arrival in known:
            arrival.forget_choice()
        overlays.compare(plan, [a for a in known if not a.overtaken])
        placed = standings(plan, known)
        undecided = [a for a in readable if not (a.verdicts or a.not_chosen or a.failed)]
        if undecided:
            evaluation.evaluate(plan, undecided, standing=lambda a: placed.get(a.key, {}))
    if fresh:
        if drawn is not None and (met.known or len(fresh) < len(arrivals)):  # known, or an echo of our own write
            drawn.undo()
            drawn = None
        totals.due = storing.store(plan, fresh, run=run, now=now, onward=onward, drawn=drawn, free=met.free)
    return totals


UNTOLD = "What was read may be what the hub itself is just writing there. It is read again once that is settled."
AGAIN = dt.timedelta(seconds=2)


def _uncount(arrival: Arrival, totals: Totals) -> None:
    setattr(totals, arrival.outcome, getattr(totals, arrival.outcome) - 1)
    totals.unchanged += 1


def known_keys(plan: Plan, keys: Sequence[str]) -> set[str]:
    """Return those keys of which the route has read a version before. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM routes_sourcehead WHERE route_id = %s AND key = ANY(%s::text[])",
            [plan.route_id, texts(keys)],
        )
        return {key for (key,) in cursor.fetchall()}


def _sort_out(
    plan: Plan, arrivals: Sequence[Arrival], known: Mapping[str, meeting.Known], totals: Totals
) -> list[Arrival]:
    """Count each arrival and return those that are to be stored."""
    found = [a.read_key or a.key for a in arrivals if a.read_key or (a.key in known and known[a.key].missed)]
    if found:
        meeting.found_after_all(plan, found)
    fresh = []
    for arrival in arrivals:
        head = known.get(arrival.key)
        if arrival.outcome == "unreadable":
            totals.unreadable += 1
            if head is None:  # the same unreadable bytes again are the same cause
                fresh.append(arrival)
            else:
                arrival.record = head.record
            continue
        arrival.previous = head.record if head else None
        if head is None:
            totals.new += 1
        elif head.content == arrival.content and not head.withdrawn:
            totals.unchanged += 1
            arrival.outcome, arrival.record = "unchanged", head.record
            continue
        else:
            arrival.outcome = "changed"
            arrives = not plan.source.version and arrival.changed_at is None
            arrival.version = counted(arrival.version, head.version, returns=head.withdrawn)
            arrival.version = (behind if arrives else after)(arrival.version, head.version)
            if head.withdrawn:  # it is back: whatever its version says, the source shows it now
                arrival.version = max(arrival.version, later(head.version))
            arrival.overtaken = arrival.version < head.version and not plan.in_order
            totals.changed += 1
        fresh.append(arrival)
    return fresh


def counted(version: str, known: str, *, returns: bool) -> str:
    """Return a numbered version in the count that the known one belongs to; what `returns` may begin a new count.

    A source that made a deleted record anew numbers it from 1 again: every version of the new count stands behind all
    of the one before. Versions that are no numbers stay as they are.
    """
    if not version.startswith("n"):
        return version
    count = known[1:COUNT_ENDS] if known.startswith(RESTARTED) else ""
    own = f"{RESTARTED}{count}{version}" if count else version
    if returns and own < known.partition(LATER)[0]:
        own = f"{RESTARTED}{int(count or 0) + 1:08d}{version}"
    return own


def after(version: str, known: str) -> str:
    """Return the version, behind the known one where the source dates both alike.

    Sources with whole seconds date two changes the same. What is read later is what the source says now; ordering such
    twins by their content would call the newer one old and lose it.
    """
    moment = known.split(":", 3)[:3] if known.startswith("t") else [known.partition(LATER)[0]]
    same = version.split(":", 3)[:3] == moment if version.startswith("t") else version == moment[0]
    return later(known) if same else version


def later(known: str) -> str:
    """Return the version right behind a known one, and before every newer one that the source may name."""
    said, _, times = known.partition(LATER)
    return f"{said}{LATER}{int(times or 0) + 1:08d}"


def behind(version: str, known: str) -> str:
    """Return the version of a record that has none but its time of arrival: whatever the clock says, it came later."""
    if version > known or not known.startswith("t"):
        return version
    try:
        moment = dt.datetime.fromisoformat(known[1:MOMENT_ENDS]) + dt.timedelta(microseconds=1)
    except OverflowError:  # its sender dated the one before to the end of time
        return later(known)
    return f"{version_at(moment.replace(tzinfo=dt.UTC))}{version[MOMENT_ENDS:]}"


LATER = "~"  # stands between what the source says and how many versions of ours came behind it; sorts last
RESTARTED = "r"  # stands before the number of a count and the version in it: behind "n", before "t"
COUNT_ENDS = len("r00000001")
MOMENT_ENDS = len("t2026-05-04T09:30:00.000000")


def withdraw_missing(plan: Plan, keys: Sequence[str], *, run: UUID | None) -> int:
    """Take in "nothing" as the newest version of keys that the source no longer has; return how many."""
    with transaction.atomic():
        now = _now()
        known = meeting.known(plan, keys)
        arrivals = [
            storing.nothing_arrived(key, later(head.version), head.record, now)
            for key, head in known.items()
            if not head.withdrawn
        ]
        for arrival in arrivals:
            arrival.stage = "compare"
        echoed = arrivals
        arrivals = storing.load_canonical(plan, echoed)
        storing.remember_seen(plan, [a for a in echoed if a.causation is not None])
        new_heads.hold_streams(plan)
        consignments.unpack_records(plan.route_id, [a.key for a in arrivals])
        placed = standings(plan, arrivals)
        evaluation.evaluate(plan, arrivals, standing=lambda a: placed.get(a.key, {}))
        storing.store(plan, arrivals, run=run, now=now)
        return len(arrivals)
