"""What the write target has committed, and its three modes of meeting a repeat.

Every commit is a line of the log: key, operation, hours, amount, currency, idempotency key, sequence, time. Create and
delta add a line to their key; update replaces the key's live lines by one; reverse adds the opposite of a line; void
takes the live lines away. In the modes without dedup a repeated create or reversal really happens twice.
"""

import hashlib
import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from sandbox import journal

ZERO = Decimal(0)


class Mode(StrEnum):
    """How the target meets a repeat."""

    IDEMPOTENT = "idempotent"  # absorbs a repeat of the same Idempotency-Key with the same bytes
    LOOK_UP = "look_up"  # no dedup, but `GET /entries?key=` finds what was committed
    BLIND = "blind"  # neither


class Refusal(Exception):
    """The target did nothing; carries the HTTP status, a code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Entry(msgspec.Struct):
    """What a write must carry; other fields are accepted and not kept."""

    key: str = ""
    hours: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""
    effect: int = 0  # the caller's number of this effect, kept for the log
    operation: str = "create"  # or delta: a further line for the same key
    reverses: str = ""  # reversals: the id of the line to reverse; empty: the latest


class Line(msgspec.Struct):
    """One committed line of a key."""

    id: str
    key: str
    operation: str
    hours: Decimal
    amount: Decimal
    currency: str
    idempotency_key: str
    effect: int
    live: bool = True  # false once replaced, reversed or voided


class Answer(msgspec.Struct):
    """What a commit answered and answers again to its repeat."""

    status: int
    body: bytes
    digest: bytes
    replayed: bool = False


OPERATIONS = ("create", "delta", "update", "reverse", "void")


class Book:
    """The target's memory, kept in `ledger.jsonl` of the state folder."""

    def __init__(self, folder: Path, mode: Mode) -> None:
        self.mode = mode
        self.log = journal.Journal(folder / "ledger.jsonl")
        self._forget()
        for line in journal.read(self.log.path):
            if line["kind"] == "commit":
                self._replay(line)

    def commit(self, entry: Entry, operation: str, idempotency_key: str, body: bytes) -> Answer:
        """Commit one operation, or absorb its repeat; the line is on record after `log.flush()`.

        Raises Refusal (409, 404, 422) when nothing was done.
        """
        whole = b"%b %b %b" % (operation.encode(), entry.key.encode(), body)  # the key may stand in the address only
        digest = hashlib.blake2b(whole, digest_size=12).digest()
        if self.mode is Mode.IDEMPOTENT and idempotency_key:
            earlier = self._answers.get(idempotency_key)
            if earlier is not None:
                return self._repeat(earlier, entry, idempotency_key, digest)
        self._check(entry, operation)
        self.sequence += 1
        now = time.time()
        line = self._apply(entry, operation, idempotency_key, self.sequence)
        self.log.add(
            {
                "kind": "commit",
                "seq": self.sequence,
                "at": now,
                "operation": operation,
                "key": line.key,
                "id": line.id,
                "hours": line.hours,
                "amount": line.amount,
                "currency": line.currency,
                "idempotency_key": idempotency_key,
                "effect": entry.effect,
                "reverses": entry.reverses,
                "digest": digest.hex(),
            }
        )
        return self._remember(line, operation, idempotency_key, digest)

    def find(self, key: str) -> list[Line]:
        """Return the committed lines of a key, oldest first."""
        return self._lines.get(key, [])

    def totals(self) -> dict[str, Any]:
        """Return counts and exact sums: of every commit by operation, and net of the lines now in the books."""
        return {
            "mode": self.mode,
            "commits": self.sequence,
            "keys": len(self._lines),
            "operations": dict(self._operations),
            "net": {
                currency: {"hours": str(hours), "amount": str(amount)}
                for currency, (hours, amount) in sorted(self._net.items())
            },
        }

    def reset(self, mode: Mode | None = None) -> None:
        """Forget everything, log included; optionally go on in another mode."""
        self.log.clear()
        self._forget()
        self.mode = mode or self.mode

    def _forget(self) -> None:
        self.sequence = 0
        self._lines: dict[str, list[Line]] = {}
        self._answers: dict[str, Answer] = {}
        self._operations: dict[str, int] = dict.fromkeys(OPERATIONS, 0)
        self._net: dict[str, tuple[Decimal, Decimal]] = {}

    def _repeat(self, earlier: Answer, entry: Entry, idempotency_key: str, digest: bytes) -> Answer:
        if earlier.digest != digest:
            message = f"Idempotency-Key {idempotency_key} was used with another request."
            raise Refusal(422, "idempotency_key_reused", message)
        self.log.add({"kind": "absorbed", "at": time.time(), "key": entry.key, "idempotency_key": idempotency_key})
        return Answer(earlier.status, earlier.body, digest, replayed=True)

    def _check(self, entry: Entry, operation: str) -> None:
        if not entry.key:
            raise Refusal(422, "required", "key is required.")
        if operation in ("create", "delta", "update") and (entry.hours is None or entry.amount is None):
            raise Refusal(422, "required", f"hours and amount are required (entry {entry.key}).")
        if operation in ("create", "delta"):
            return
        lines = self._lines.get(entry.key, [])
        if not lines:
            raise Refusal(404, "unknown_key", f"There is no entry with key {entry.key}.")
        if operation in ("update", "void") and not any(line.live for line in lines):
            raise Refusal(409, "nothing_left", f"Entry {entry.key} is voided or reversed already.")
        if entry.reverses and not any(line.id == entry.reverses for line in lines):
            raise Refusal(404, "unknown_line", f"Entry {entry.key} has no line {entry.reverses}.")

    def _apply(self, entry: Entry, operation: str, idempotency_key: str, sequence: int) -> Line:
        """Change the memory for one commit, the same way at the time and when the log is read again."""
        lines = self._lines.setdefault(entry.key, [])
        hours, amount, currency = entry.hours or ZERO, entry.amount or ZERO, entry.currency
        if operation == "reverse":
            reversed_line = self._line_to_reverse(lines, entry.reverses)
            reversed_line.live = False
            hours, amount, currency = -reversed_line.hours, -reversed_line.amount, reversed_line.currency
        line = Line(f"L{sequence:09d}", entry.key, operation, hours, amount, currency, idempotency_key, entry.effect)
        if operation in ("update", "void"):
            self._retire(lines)
        if operation == "void":
            line.hours = line.amount = ZERO
        line.live = operation in ("create", "delta", "update")
        lines.append(line)
        self._operations[operation] += 1
        self._add_to_net(line.currency, line.hours, line.amount)
        return line

    def _line_to_reverse(self, lines: list[Line], asked: str) -> Line:
        """Return the asked line, else the latest live one, else the latest that was ever added (a real double)."""
        if asked:
            return next(line for line in lines if line.id == asked)
        added = [line for line in lines if line.operation in ("create", "delta", "update")]
        return next((line for line in reversed(added) if line.live), added[-1])

    def _retire(self, lines: list[Line]) -> None:
        for line in lines:
            if line.live:
                line.live = False
                self._add_to_net(line.currency, -line.hours, -line.amount)

    def _add_to_net(self, currency: str, hours: Decimal, amount: Decimal) -> None:
        before = self._net.get(currency, (ZERO, ZERO))
        self._net[currency] = (before[0] + hours, before[1] + amount)

    def _remember(self, line: Line, operation: str, idempotency_key: str, digest: bytes) -> Answer:
        body = b'{"id":"%b","reference":"LR-%b","key":"%b","version":"%b"}' % (
            line.id.encode(),
            line.id[1:].encode(),
            line.key.encode(),
            line.id[1:].lstrip("0").encode(),
        )
        answer = Answer(201 if operation in ("create", "delta", "reverse") else 200, body, digest)
        if idempotency_key:
            self._answers[idempotency_key] = answer
        return answer

    def _replay(self, logged: dict[str, Any]) -> None:
        entry = Entry(
            key=logged["key"],
            hours=Decimal(logged["hours"]),
            amount=Decimal(logged["amount"]),
            currency=logged["currency"],
            effect=logged["effect"],
            reverses=logged["reverses"],
        )
        self.sequence = logged["seq"]
        line = self._apply(entry, logged["operation"], logged["idempotency_key"], self.sequence)
        self._remember(line, logged["operation"], logged["idempotency_key"], bytes.fromhex(logged["digest"]))
