"""The ledger's doors: the hot write path, look-up, the time source, and the admin's endpoints under /_sandbox/.

Write side: POST /entries, POST /entries/batch (at most 100), PUT /entries/{key}, POST /reversals,
DELETE /entries/{key}, GET /entries?key=. Source side: GET /time_entries.
"""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.faults import COMMITTING, HTML_PAGE, Fault, FaultPlan, FaultRule, Faults
from sandbox.ledger import source
from sandbox.ledger.answers import bad_page, broken, encode, reference, refused, shown, without_effect
from sandbox.ledger.book import Book, Entry, Mode, Refusal
from sandbox.ledger.wire import Outbox, Request, Wire, render

BATCH_LIMIT = 100
PAGE_LIMIT = 500
NOTHING = b"{}"
_decode_entry = msgspec.json.Decoder(Entry).decode
_REPLAYED = b"Idempotent-Replayed: true\r\n"


class Item(Entry):
    """One item of a batch: the entry itself, or the entry's own bytes in a wrapper that carries its key."""

    idempotency_key: str = ""
    entry: msgspec.Raw = msgspec.Raw()


class Batch(msgspec.Struct):
    """The body of POST /entries/batch."""

    entries: list[msgspec.Raw]


_decode_batch = msgspec.json.Decoder(Batch).decode
_decode_item = msgspec.json.Decoder(Item).decode


class Changes(msgspec.Struct, forbid_unknown_fields=True):
    """How many entries of the source get a later version, are withdrawn, or vanish."""

    edit: int = 0
    withdraw: int = 0
    delete: int = 0
    seed: int = 1


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """Start the target afresh, optionally in another mode; the source keeps its changes."""

    mode: Mode | None = None


class Ledger:
    """The simulator: answers requests of many connections on one event loop."""

    def __init__(self, folder: Path, *, mode: Mode, entries: source.Source, token: str = "") -> None:
        self.book, self.source, self.faults = Book(folder, mode), entries, Faults()
        self.outbox = Outbox(self.book.log.flush)
        self.requests = 0
        self._authorization = f"Bearer {token}" if token else ""
        self._timers: set[asyncio.TimerHandle] = set()
        self._admin: dict[tuple[str, str], Callable[[Request], bytes]] = {
            ("GET", "/_sandbox/totals"): lambda _: encode(self.book.totals()),
            ("GET", "/_sandbox/state"): self._state,
            ("GET", "/_sandbox/faults"): lambda _: encode(self.faults.summary()),
            ("POST", "/_sandbox/faults"): self._set_faults,
            ("POST", "/_sandbox/changes"): self._change_source,
            ("POST", "/_sandbox/resubmissions"): self._resubmit,
            ("POST", "/_sandbox/reset"): self._reset,
            ("GET", "/_sandbox/log"): lambda _: self.book.log.path.read_bytes(),
            ("GET", "/_sandbox/source"): lambda _: b"".join(source.encode(e) + b"\n" for e in self.source.current()),
            ("GET", "/_sandbox/reference"): lambda _: encode(reference()),
        }

    def connection(self) -> Wire:
        """Return the protocol of a new connection."""
        return Wire(self.serve, self.outbox)

    def serve(self, wire: Wire, request: Request) -> None:
        """Answer one request, well or badly as the fault plan says."""
        self.requests += 1
        if request.target.startswith("/_sandbox/"):
            self._serve_admin(wire, request)
            return
        if not self.faults.active:
            self._answer(wire, *self._work(request), after=self.faults.plan.latency_seconds)
            return
        key = _key_of(request)
        rule = self.faults.draw(request.method, request.target, key)
        if rule is None:
            self._answer(wire, *self._work(request), after=self.faults.plan.latency_seconds)
            return
        self.book.log.add(
            {"kind": "fault", "fault": rule.fault, "at": time.time(), "key": key, "request": request.target}
        )
        self.book.log.flush()
        self._misbehave(wire, request, rule)

    def _work(self, request: Request) -> tuple[int, bytes, bytes]:
        """Do what the request asks; return status, body and extra header lines."""
        try:
            if self._authorization and request.header(b"authorization") != self._authorization:
                raise Refusal(401, "unauthorized", "The token is missing or wrong.")
            if request.target == "/entries" and request.method == "POST":
                return self._post(request)
            return self._work_rarer(request)
        except Refusal as refusal:
            return refusal.status, refused(refusal), b""
        except msgspec.DecodeError as error:
            return 400, refused(Refusal(400, "unreadable", str(error))), b""

    def _work_rarer(self, request: Request) -> tuple[int, bytes, bytes]:
        method, path = request.method, request.path
        if (method, path) == ("POST", "/entries/batch"):
            return 200, self._post_batch(request), b""
        if (method, path) == ("POST", "/reversals"):
            return self._write(request, _entry(request), "reverse")
        if (method, path) == ("GET", "/entries"):
            return 200, self._look_up(request), b""
        if (method, path) == ("GET", "/time_entries"):
            return 200, self._read_page(request), b""
        if (method, path) == ("GET", "/rejections"):
            return 200, self._rejections(request), b""
        if method == "POST" and path.startswith("/time_entries/") and path.endswith("/rejections"):
            return self._reject(request, path.removeprefix("/time_entries/").removesuffix("/rejections"))
        if path.startswith("/entries/") and method in ("PUT", "DELETE"):
            entry = _entry(request) if method == "PUT" else Entry()
            entry.key = unquote(path.removeprefix("/entries/"))
            return self._write(request, entry, "update" if method == "PUT" else "void")
        raise Refusal(404, "unknown_path", f"There is nothing at {method} {path}.")

    def _post(self, request: Request) -> tuple[int, bytes, bytes]:
        entry = _entry(request)
        if entry.operation not in ("create", "delta"):
            raise Refusal(422, "invalid", f"operation is create or delta, not {entry.operation}.")
        return self._write(request, entry, entry.operation)

    def _write(self, request: Request, entry: Entry, operation: str) -> tuple[int, bytes, bytes]:
        answer = self.book.commit(entry, operation, request.header(b"idempotency-key"), request.body)
        return answer.status, answer.body, _REPLAYED if answer.replayed else b""

    def _post_batch(self, request: Request) -> bytes:
        """Commit the good items of a batch; each has its own result at the same place of `results`."""
        _need_json(request)
        items = _decode_batch(request.body).entries
        if len(items) > BATCH_LIMIT:
            raise Refusal(422, "too_many", f"At most {BATCH_LIMIT} entries in one call, not {len(items)}.")
        prefix = request.header(b"idempotency-key")
        results = [self._post_item(raw, prefix and f"{prefix}/{place}") for place, raw in enumerate(items)]
        return b'{"results":[%b]}' % b",".join(results)

    def _post_item(self, raw: msgspec.Raw, fallback_key: str) -> bytes:
        try:
            item = _decode_item(raw)
            body = bytes(item.entry or raw)
            entry = _decode_entry(item.entry) if item.entry else item
            answer = self.book.commit(entry, entry.operation, item.idempotency_key or fallback_key, body)
        except msgspec.DecodeError as error:
            return b'{"status":400,"error":%b}' % refused(Refusal(400, "unreadable", str(error)))
        except Refusal as refusal:
            return b'{"status":%d,%b' % (refusal.status, refused(refusal)[1:])
        return b'{"status":%d,%b' % (answer.status, answer.body[1:])

    def _look_up(self, request: Request) -> bytes:
        if self.book.mode is Mode.BLIND:
            raise Refusal(404, "no_look_up", "This ledger cannot be asked for entries.")
        keys = request.query.get("key", [])
        if not keys:
            raise Refusal(400, "required", "The parameter key is required; it may be repeated.")
        only_live = request.query.get("live", ["false"])[-1] == "true"  # leaves out what was replaced or reversed
        found = (line for key in keys for line in self.book.find(key))
        return encode({"entries": [shown(line) for line in found if line.live or not only_live]})

    def _reject(self, request: Request, number: str) -> tuple[int, bytes, bytes]:
        """Take an approval back. A repeat is answered as the first time where this ledger knows repeats."""
        _need_json(request)
        told = msgspec.json.decode(request.body, type=dict[str, str])
        if not told.get("comment", "").strip():
            raise Refusal(422, "invalid", "A rejection needs a comment.")
        known = self.source.rejections(told.get("reference", ""))
        if known and self.book.mode is Mode.IDEMPOTENT and request.header(b"idempotency-key"):
            return 200, encode({"id": known[0]["reference"], "status": "rejected"}), _REPLAYED
        line = self.source.reject(
            int(number) if number.isdecimal() else 0, reference=told.get("reference", ""), comment=told["comment"],
            by=told.get("by", ""),
        )  # fmt: skip
        if line is None:
            raise Refusal(409, "not_approved", f"Time entry {number} is not approved, so nothing can be rejected.")
        return 201, encode({"id": line["reference"], "status": "rejected"}), b""

    def _rejections(self, request: Request) -> bytes:
        if self.book.mode is Mode.BLIND:
            raise Refusal(404, "no_look_up", "This time tool cannot be asked for rejections.")
        found = [line for key in request.query.get("key", []) for line in self.source.rejections(key)]
        return encode({"rejections": [{"id": each["reference"], "reference": each["reference"]} for each in found]})

    def _read_page(self, request: Request) -> bytes:
        query = {name: values[-1] for name, values in request.query.items()}
        unknown = query.keys() - {"page", "per_page", "updated_since", "from", "to"}
        if unknown:
            raise Refusal(400, "unknown_parameter", f"Unknown parameter: {', '.join(sorted(unknown))}.")
        try:
            since = query.get("updated_since", "")
            return self.source.page(
                page=max(1, int(query.get("page", "1"))),
                per_page=min(PAGE_LIMIT, max(1, int(query.get("per_page", "500")))),
                updated_since=source.stamp(datetime.fromisoformat(since)) if since else "",
                first=query.get("from", ""),
                last=query.get("to", ""),
            )
        except ValueError as error:
            raise Refusal(400, "invalid", f"Invalid parameter: {error}.") from error

    def _misbehave(self, wire: Wire, request: Request, rule: FaultRule) -> None:
        """Play one fault."""
        match rule.fault:
            case Fault.COMMIT_LATE:
                self._later(rule.seconds, lambda: self._commit_and_hang_up(wire, request))
            case Fault.COMMIT_AND_HANG_UP:
                self._commit_and_hang_up(wire, request)
            case Fault.HALF_BODY:
                answer = render(*self._work(request))
                wire.hang_up(answer[: -max(1, len(answer) // 4)])
            case Fault.SAME_PAGE | Fault.REPEATS:
                status, body, extra = self._work(_first_page(request) if rule.fault is Fault.SAME_PAGE else request)
                wire.reply(status, bad_page(body, rule.fault), extra)
            case Fault.LOSE_AND_HANG_UP:
                wire.hang_up()
            case Fault.LOSE_AND_HANG:
                self._later(rule.seconds, wire.hang_up)
            case Fault.HTML:
                page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b"
                self.outbox.put(wire.transport, page % (len(HTML_PAGE), HTML_PAGE))
            case _:
                if rule.fault in COMMITTING:
                    answered = self._work(request)
                    late = rule.fault in (Fault.ANSWER_LATE, Fault.SLOW)
                    failed = rule.fault is Fault.ERROR_AFTER_COMMIT
                    self._answer(wire, *(broken(500) if failed else answered), after=rule.seconds if late else 0)
                else:
                    self._answer(wire, *without_effect(rule), after=0)

    def _commit_and_hang_up(self, wire: Wire, request: Request) -> None:
        self._work(request)
        wire.hang_up()

    def _answer(self, wire: Wire, status: int, body: bytes, extra: bytes, *, after: float) -> None:
        if after:
            self._later(after, lambda: wire.reply(status, body, extra))
        else:
            wire.reply(status, body, extra)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def _serve_admin(self, wire: Wire, request: Request) -> None:
        action = self._admin.get((request.method, request.path))
        if action is None:
            wire.reply(404, refused(Refusal(404, "unknown_path", f"Admin endpoints: {sorted(self._admin)}")))
            return
        try:
            wire.reply(200, action(request))
        except (msgspec.DecodeError, ValueError) as error:
            wire.reply(400, refused(Refusal(400, "invalid", str(error))))

    def _state(self, _: Request) -> bytes:
        return encode(
            {
                **self.book.totals(),
                "requests": self.requests,
                "pending": len(self._timers),
                "drawn": dict(self.faults.drawn),
                "log": str(self.book.log.path),
            }
        )

    def _set_faults(self, request: Request) -> bytes:
        self.faults.replace(msgspec.json.decode(request.body, type=FaultPlan))
        return encode(self.faults.summary())

    def _change_source(self, request: Request) -> bytes:
        wanted = msgspec.json.decode(request.body, type=Changes)
        lines = self.source.change(edit=wanted.edit, withdraw=wanted.withdraw, delete=wanted.delete, seed=wanted.seed)
        return encode({"changes": lines})

    def _resubmit(self, request: Request) -> bytes:
        wanted = msgspec.json.decode(request.body, type=dict[str, Any])
        return encode(self.source.resubmit(wanted.pop("id"), **wanted))

    def _reset(self, request: Request) -> bytes:
        wanted = msgspec.json.decode(request.body or NOTHING, type=Reset)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.faults.replace(FaultPlan())
        self.book.reset(wanted.mode)
        self.requests = 0
        return encode(self.book.totals())


def _entry(request: Request) -> Entry:
    _need_json(request)
    return _decode_entry(request.body)


def _need_json(request: Request) -> None:
    if not request.header(b"content-type").startswith("application/json"):
        raise Refusal(415, "media_type", "Send application/json.")


def _first_page(request: Request) -> Request:
    """Return the request as if it had asked for the first page: what a source that never ends shows every time."""
    return request._replace(target=re.sub(r"([?&]page=)\d+", r"\g<1>1", request.target))


def _key_of(request: Request) -> str:
    """Return the business key that faults are drawn for; of a batch, that of its first item."""
    if request.path.startswith("/entries/") and request.path != "/entries/batch":
        return unquote(request.path.removeprefix("/entries/"))
    try:
        if request.path == "/entries/batch":
            first = _decode_item(_decode_batch(request.body).entries[0])
            return _decode_entry(first.entry).key if first.entry else first.key
        if request.body:
            return _decode_entry(request.body).key
    except (msgspec.DecodeError, IndexError):
        return ""
    return ",".join(request.query.get("key", []))


async def start(ledger: Ledger, port: int) -> asyncio.Server:
    """Listen on loopback; port 0 takes a free one."""
    return await asyncio.get_running_loop().create_server(ledger.connection, "127.0.0.1", port, backlog=1024)
