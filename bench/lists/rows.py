"""The rows of what a run read, as the hub would have left them: written in heaps, each table by one COPY a heap."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import Any

from django.db import connection

from bench.lists import bodies, spread
from bench.lists.firm import Firm, Switch, Target
from bench.lists.reasons import Cause, Reasons
from bench.lists.steps import PATHS, REASONS, Path
from routes.bulk import array, copy_in

HEAP = 20_000  # transactions after which a heap is written
ENGINE = ("engine", "Throughline")
SECOND = dt.timedelta(seconds=1)
DUE = ("ready", "delivering", "retrying", "unknown")
COLUMNS = {
    "routes_run": "id, route_id, legal_entity_id, trigger, requested_by, state, created_at, started_at, ended_at,"
    " cursor, pages, read, new, changed, unchanged, unreadable, withdrawn, echoes, attempts, message, compares",
    "routes_record": "id, route_id, run_id, legal_entity_id, key, version, content_hash, outcome, state, received_at,"
    " occurred_on, changed_at, correlation_id, source_payload_id, canonical_payload_id, amount, currency, hours",
    "routes_sourcehead": "route_id, key, record_id, version, content_hash, occurred_on, withdrawn",
    "routes_walk": "id, from_states, to_states, times, reasons, actor_kind, actor",
    "routes_transaction": 'id, record_id, run_id, destination_id, legal_entity_id, snapshot_id, key, version, "group",'
    " state, return_to, withdraws, attempts, waits_for, request_payload_id, request_hash, correlation_id, amount,"
    " currency, hours, created_at, walk_id",
    "routes_transition": "id, subject_id, from_state, to_state, at, actor_kind, actor, reason",
    "routes_effect": "id, connection_id, destination_id, transaction_id, object, key, number, write_key, operation,"
    " source_version, payload_id, payload_hash, idempotency_key, state, sent_at, ended_at, not_there, external_id,"
    " reference, target_version, message",
    "routes_attempt": "id, effect_id, kind, at, outcome, status, category, message, exchange_id",
    "routes_exchange": "id, connection_id, at, body",
    "routes_keyhead": "connection_id, object, key, lane, transaction_id, due_at, live_effect_id, live_hash,"
    " live_external_id, live_payload_id, live_write_key, live_transaction_id, generation, seen_version, waiting,"
    " mirrored",
    "routes_wait": 'transaction_id, kind, "on", connection_id, legal_entity_id, since',
    "routes_rulewarning": "legal_entity_id, transaction_id, stage, rule, field, message, at",
    "routes_failure": "id, legal_entity_id, route_id, record_id, transaction_id, run_id, connection_id, stage,"
    ' category, fingerprint, field, rule, "table", table_key, value, accepted, message, hint, amount, currency,'
    " hours, opened_at, closed_how, taken",
}  # fmt: skip


class Rows:
    """Writes what runs have read, one after the other."""

    def __init__(self, firm: Firm, transactions: int) -> None:
        """Begin with none; the newest of them will be under way."""
        self._firm, self._wanted = firm, transactions
        self._chance = random.Random(spread.SEED + 2)  # noqa: S311 - rows that can be made again
        self._states = spread.states()
        self._under_way = spread.under_way(transactions)
        self._reasons = Reasons(firm)
        self._heap: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._numbers, self._sequence = count(1), count()
        self._walks: dict[tuple[Path, str], str] = {}
        self.made = 0
        self.mended: list[str] = []  # fingerprints of causes that somebody has put right since

    def read(self, reading: spread.Reading) -> None:
        """Make the rows of one run, and write the heap when it is large."""
        route = self._firm.routes[reading.way.slug]
        run, chance = self._id(reading.at), self._chance
        totals = {"new": 0, "changed": 0, "unreadable": 0}
        left, at = reading.records, reading.at + SECOND
        before: _Last | None = None
        while left:
            size = min(left, spread.PAGE)
            stored = bodies.Page(self._id(at), self._id(at), self._id(at))
            self._walks.clear()
            for place in range(size):
                last = left == size and place == size - 1
                before = self._record(reading, route, run, at, stored, before, totals, last=last)
            bodies.write(stored)
            left, at = left - size, at + 3 * SECOND
        unchanged = chance.randint(0, reading.records // 4)
        new, changed, unreadable = totals.values()
        self._heap["routes_run"].append((
            run, route.id, route.legal_entity, "schedule", "Throughline", "done", reading.at, reading.at + SECOND, at,
            None, -(-reading.records // spread.PAGE), new + changed + unreadable + unchanged, new, changed, unchanged,
            unreadable, 0, 0, 0, "", False,
        ))  # fmt: skip
        if len(self._heap["routes_transaction"]) >= HEAP:
            self.write()

    def read_nothing(self, moments: Iterator[dt.datetime]) -> None:
        """Make the runs that found nothing new: most of what a schedule starts."""
        routes = list(self._firm.routes.values())
        for number, at in enumerate(moments):
            route = routes[number % 3]
            self._heap["routes_run"].append((
                self._id(at), route.id, route.legal_entity, "schedule", "Throughline", "done", at, at + SECOND,
                at + 2 * SECOND, None, 1, 0, 0, 0, 0, 0, 0, 0, 0, "", False,
            ))  # fmt: skip
        self.write()

    def write(self) -> None:
        """Write the heap."""
        with connection.cursor() as cursor:
            for table, columns in COLUMNS.items():
                if rows := self._heap.pop(table, None):
                    copy_in(cursor, f"COPY {table} ({columns}) FROM STDIN", rows)

    def _record(
        self, reading: spread.Reading, route: Switch, run: str, at: dt.datetime, stored: bodies.Page,
        before: "_Last | None", totals: dict[str, int], *, last: bool,
    ) -> "_Last | None":  # fmt: skip
        """Make one record with its transactions; return it where a newer version of it comes next."""
        chance, id_ = self._chance, self._id(at)
        kind = chance.random()
        if before is None and kind < spread.UNREADABLE + spread.STOPPED:
            self._stopped(reading, route, run, at, id_, totals, readable=kind > spread.UNREADABLE)
            return None
        if before is None:
            number = next(self._numbers)
            company = spread.company(reading.part, chance)
            facts = bodies.facts(chance, number, company, at)
        else:
            facts = before.facts.changed()
        version = f"n{facts.version:030}"
        source, canonical, request = stored.add(facts)
        digest = id_.encode()[:16]
        heap, legal_entity = self._heap, self._firm.companies[facts.company]
        heap["routes_record"].append((
            id_, route.id, run, legal_entity, facts.key, version, digest, "changed" if before else "new", "routed", at,
            facts.day, at, id_, source, canonical, facts.amount, facts.currency, facts.hours,
        ))  # fmt: skip
        totals["changed" if before else "new"] += 1
        again, made = False, []
        for target in route.targets:
            state = "posted" if before else self._state(target)
            if state == "superseded" and (last or again):
                state = "posted"
            again = again or state == "superseded"
            made.append((target, state))
        again = (
            not last and before is None and (again or (made[0][1] == "posted" and chance.random() < spread.CORRECTED))
        )
        for target, state in made:
            if again and state != "superseded":
                state = "posted"
            self._transaction(reading, route, run, at, id_, facts, target, state, request, digest, version,
                              before=before, head=not again)  # fmt: skip
        if again:
            return _Last(facts, {target.id: state == "superseded" for target, state in made})
        heap["routes_sourcehead"].append((route.id, facts.key, id_, version, digest, facts.day, False))
        return None

    def _state(self, target: Target) -> str:
        """Return where a transaction stands; the newest are under way."""
        if self._wanted - self.made <= len(self._under_way):
            return self._under_way[-max(1, self._wanted - self.made)]
        return next(self._states)

    def _transaction(
        self, reading: spread.Reading, route: Switch, run: str, at: dt.datetime, record: str, facts: bodies.Facts,
        target: Target, state: str, request: str, digest: bytes, version: str, *, before: "_Last | None", head: bool,
    ) -> None:  # fmt: skip
        chance, heap, id_ = self._chance, self._heap, self._id(at)
        self.made += 1
        legal_entity = self._firm.companies[facts.company]
        reason: Cause | None = self._reasons.of(state, facts, route, target, chance)
        if reason is not None and reason.mended:
            self.mended.append(reason.fingerprint)
        way = state if state != "failed" or reason is None or reason.stage != "deliver" else "refused"
        if state == "posted" and chance.random() < 0.2:
            way = "posted by itself"  # queued one by one, each change of state its own row
        path = PATHS[way]
        stands = path.stands
        sends = "ready" in path.walk
        heap["routes_transaction"].append((
            id_, record, run, target.id, legal_entity, route.snapshot, facts.key, version, "", stands, path.return_to,
            False, path.attempts, reason.waits_for if reason else "", request if sends else None,
            digest if sends else None, record, facts.amount, facts.currency, facts.hours, at,
            self._walk(path, at, reason.message if reason else ""),
        ))  # fmt: skip
        moment = self._transitions(path, id_, at, reason)
        effect = self._effects(path, target, id_, facts, request, digest, version, moment, before) if sends else None
        if reason is not None:
            heap["routes_failure"].append((
                self._id(at), legal_entity, route.id, record, id_, run, target.connection, reason.stage,
                reason.category, reason.fingerprint, reason.field, "", reason.table, reason.table_key, reason.value, "",
                reason.message, "", facts.amount, facts.currency, facts.hours, at, "", False,
            ))  # fmt: skip
            if reason.wait:
                heap["routes_wait"].append((id_, reason.wait, reason.waits_for, target.connection, legal_entity, at))
        if state == "posted" and chance.random() < 0.01:
            words = "The hours were booked more than a month after the work was done."
            heap["routes_rulewarning"].append((legal_entity, id_, "validate", "late booking", "worked_on", words, at))
        if head:
            due = (
                self._firm.now + dt.timedelta(hours=1)
                if stands in ("ready", "delivering", "retrying", "unknown")
                else None
            )
            live = effect if stands == "posted" else None
            heap["routes_keyhead"].append((
                target.connection, target.stream, facts.key, "posting", id_, due, live, digest if live else None,
                f"L{facts.number:09}" if live else "", request if live else None, facts.key if live else "",
                id_ if live else None, 0, version, False, False,
            ))  # fmt: skip

    def _transitions(self, path: Path, transaction: str, at: dt.datetime, reason: Cause | None) -> dt.datetime:
        """Make the changes of state that have rows of their own; return when the last was."""
        for old, new, person in path.steps:
            at += dt.timedelta(hours=5) if person else SECOND
            who = ("person", "Farid Amini") if person else ENGINE
            why = reason.message if reason and new in ("failed", "unknown", "retrying") else REASONS[new]
            self._heap["routes_transition"].append((self._id(at), transaction, old, new, at, *who, why))
        return at

    def _effects(
        self, path: Path, target: Target, transaction: str, facts: bodies.Facts, request: str, digest: bytes,
        version: str, at: dt.datetime, before: "_Last | None",
    ) -> str | None:  # fmt: skip
        """Make the effects of one transaction with their attempts; return the last one."""
        effect, number = None, 1
        corrects = before is not None and not before.superseded[target.id]
        for state, operation in path.effects:
            if corrects:
                operation, number = "update", 2
            effect, done = self._id(at), state == "confirmed"
            ended = at if state in ("confirmed", "refused", "unknown") else None
            self._heap["routes_effect"].append((
                effect, target.connection, target.id, transaction, target.stream, facts.key, number, facts.key,
                operation, version, request, digest, effect, state, at if state != "intended" else None, ended, 0,
                f"L{facts.number:09}" if done else "", f"LR-{facts.number:09}" if done else "", "1" if done else "", "",
            ))  # fmt: skip
            number += 1
            if path.attempts:
                exchange = self._id(at)
                self._heap["routes_attempt"].append((
                    self._id(at), effect, "write", at, state if state != "sent" else "unknown",
                    201 if done else 422 if state == "refused" else None, "", "", exchange,
                ))  # fmt: skip
                self._heap["routes_exchange"].append((exchange, target.connection, at, bodies.exchange(facts, done)))
        return effect

    def _stopped(
        self, reading: spread.Reading, route: Switch, run: str, at: dt.datetime, id_: str, totals: dict[str, int], *,
        readable: bool,
    ) -> None:  # fmt: skip
        """Make a record that came to no destination."""
        number, company = next(self._numbers), spread.company(reading.part, self._chance)
        facts = bodies.facts(self._chance, number, company, at)
        reason = self._reasons.of_record(facts, route, readable=readable)
        legal_entity, heap, digest = self._firm.companies[company], self._heap, id_.encode()[:16]
        worth = (facts.amount, facts.currency, facts.hours) if readable else (None, "", None)
        version = f"n{1:030}"
        heap["routes_record"].append((
            id_, route.id, run, legal_entity, facts.key, version, digest, "new" if readable else "unreadable", "failed",
            at, facts.day, at, id_, None, None, *worth,
        ))  # fmt: skip
        totals["new" if readable else "unreadable"] += 1
        heap["routes_transition"].append((self._id(at), id_, "", "failed", at, *ENGINE, reason.message))
        heap["routes_sourcehead"].append((route.id, facts.key, id_, version, digest, facts.day, False))
        heap["routes_failure"].append((
            self._id(at), legal_entity, route.id, id_, None, run, None, reason.stage, reason.category,
            reason.fingerprint, reason.field, "", "", None, reason.value, "", reason.message, "", *worth, at, "", False,
        ))  # fmt: skip

    def _walk(self, path: Path, at: dt.datetime, why: str) -> str:
        """Return the id of the way that transactions of this page went together before they were stored."""
        why = why if path.walk[-1] in ("failed", "parked", "held") else ""
        known = self._walks.get((path, why))
        if known is None:
            known = self._walks[path, why] = self._id(at)
            states = list(path.walk)
            reasons = [REASONS[state] for state in states]
            reasons[-1] = why or reasons[-1]
            self._heap["routes_walk"].append((
                known, array(["", *states[:-1]]), array(states), array([at] * len(states)), array(reasons), *ENGINE,
            ))  # fmt: skip
        return known

    def _id(self, at: dt.datetime) -> str:
        """Return a UUIDv7 of a moment, as 32 digits: in order within its millisecond, else by chance (RFC 9562)."""
        milliseconds = int(at.timestamp() * 1000)
        place = next(self._sequence) & 0xFFF
        return f"{milliseconds:012x}7{place:03x}{0x8 << 60 | self._chance.getrandbits(62):016x}"


class _Last:
    """A record of which a newer version comes next, and where it was superseded by it."""

    __slots__ = ("facts", "superseded")

    def __init__(self, facts: bodies.Facts, superseded: dict[int, bool]) -> None:
        self.facts, self.superseded = facts, superseded
