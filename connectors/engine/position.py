"""Where a read stands: the cursor it began with, the page it is at, and the cursor to store with each page.

In the middle of a read the cursor holds `resume` (the next page) beside `since`, so that a read that was cut off goes
on at the page that was not stored. `since` moves with the last page only, unless the cursor is a keyset.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer
from connectors.manifest.stream import Cursor, Read, Stream
from connectors.outcome import ConnectorFailure

Window = tuple[date, date]
# Nothing was changed tomorrow: from a time that lies ahead (9999-12-31 says "never") on, nothing that changes until
# then would be read. A day is left for clocks that differ.
AHEAD = timedelta(days=1)
EMPTY_PAGES = 1000  # in a row that a read goes through


class Position:
    """The moving part of one read."""

    def __init__(self, stream: Stream, read: Read, cursor: dict[str, Any] | None, window: Window | None) -> None:
        self.stream, self.read, self.window = stream, read, window
        stored = dict(cursor or {})
        self.resume: dict[str, Any] = stored.pop("resume", {})
        self.seen: str = stored.pop("seen", "")
        self.started: str = stored.pop("started", "")
        initial = read.cursor.initial if read.cursor else {}
        if read.cursor and _lies_ahead(stored.get(_first(read.cursor)), datetime.now(UTC)):
            stored, self.resume, self.seen = {}, {}, ""  # an earlier release kept such a place: begin anew
        self.since: dict[str, Any] = {**initial, **stored}
        self.kept = self.since  # of a keyset: the last place that does not lie ahead, which is to be stored
        self.reached = self.since  # a read that begins earlier, by the overlap, never moves the cursor back
        if (
            stored
            and not self.resume
            and window is None
            and read.cursor
            and read.cursor.kind == "keyset"
            and read.cursor.overlap
        ):
            self.since = _stepped_back(read.cursor, self.since)
        self._pages: set[int] = set()
        self._empty = 0  # pages in a row that held nothing

    @property
    def next_address(self) -> str | None:
        """Return the address that the system gave for the next page, if it did."""
        return self.resume.get("address")

    def scope(self) -> dict[str, Any]:
        """Return the names that templates may use for this page."""
        number = self.resume.get("number", self.read.paging.first)
        page = {"size": self.read.page_size, "number": number, "offset": self.resume.get("offset", 0)}
        if "cursor" in self.resume:
            page["cursor"] = self.resume["cursor"]
        if self.window is not None:
            window = {"from": self.window[0].isoformat(), "to": self.window[1].isoformat()}
            # A keyset pages by its fields in a window too; a timestamp would cut the window short.
            keyset = self.read.cursor is not None and self.read.cursor.kind == "keyset"
            return {"page": page, "window": window, "cursor": self.since if keyset else {}}
        return {"page": page, "cursor": self._sent_cursor()}

    def _sent_cursor(self) -> dict[str, Any]:
        cursor = self.read.cursor
        if cursor is None or cursor.kind == "keyset" or not cursor.overlap:
            return self.since
        since = moment_of(self.since["since"], "")
        floor = moment_of(cursor.initial["since"], "")
        return {"since": written_moment(max(since - timedelta(seconds=cursor.overlap), floor))}

    def take(self, answer: Answer, records: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
        """Move on; return the cursor to store with this page, and whether it was the last. Raises ConnectorFailure."""
        self.started = self.started or written_moment(min(answer.date or datetime.now(UTC), datetime.now(UTC)))
        self._refuse_repeats(records)
        before = self.resume
        following = self._following(answer, records)
        if following is not None and following == before:
            raise shape("the next page is the same page again")
        self._note(records)
        self.resume = following or {}
        return self._cursor(following), following is None

    def _cursor(self, following: dict[str, Any] | None) -> dict[str, Any]:
        cursor = self.read.cursor
        if cursor is not None and cursor.kind == "keyset":
            if following is not None:
                place = self.kept if self.window is None else self.since
                return {**place, "resume": {"keyset": "begun"}} if cursor.overlap else dict(place)
            return {} if self.window is not None else dict(self._furthest(cursor))
        if following is not None:
            return {**self.since, "resume": following, "seen": self.seen, "started": self.started}
        if cursor is None or self.window is not None:
            return {}
        latest = self.started if cursor.advance == "run_start" else self.seen
        return {
            "since": max(latest, self.since["since"], key=lambda text: moment_of(text, ""))
            if latest
            else self.since["since"]
        }

    def _furthest(self, cursor: Cursor) -> dict[str, Any]:
        if not cursor.overlap:
            return self.kept
        name = cursor.fields[0][0]
        return max(self.reached, self.kept, key=lambda place: moment_of(place[name], ""))

    def _note(self, records: list[dict[str, Any]]) -> None:
        cursor = self.read.cursor
        if cursor is None or not records:
            return
        if cursor.kind == "keyset":
            self.since = {name: _present(records[-1], path) for name, path in cursor.fields}
            now, places = moment_of(self.started, ""), reversed(records)
            self.kept = next(
                ({name: _present(each, path) for name, path in cursor.fields} for each in places
                 if not _lies_ahead(paths.find(each, cursor.fields[0][1]), now)),
                self.kept,
            )  # fmt: skip
        elif self.window is None and cursor.advance == "latest_record":
            ahead = moment_of(self.started, "") + AHEAD
            moments = (moment_of(_present(record, cursor.field), cursor.format) for record in records)
            latest = max((moment for moment in moments if moment <= ahead), default=None)
            if latest is not None and (not self.seen or latest > moment_of(self.seen, "")):
                self.seen = written_moment(latest)

    def _following(self, answer: Answer, records: list[dict[str, Any]]) -> dict[str, Any] | None:
        paging = self.read.paging
        if paging.kind == "none":
            return None
        if paging.kind == "keyset":
            return {"keyset": len(self._pages)} if len(records) >= self.read.page_size else None
        if paging.kind == "next_link":
            address = _link_header(answer) if paging.link_header else paths.find(answer.json(), paging.next)
            return {"address": str(address)} if address else None
        if paging.kind == "cursor":
            token = paths.find(answer.json(), paging.next)
            # A page may hold nothing that fits and be followed by others; the same token once more is the end.
            return {"cursor": token} if token and (records or token != self.resume.get("cursor")) else None
        return self._counted(answer, records)

    def _counted(self, answer: Answer, records: list[dict[str, Any]]) -> dict[str, Any] | None:
        paging, data = self.read.paging, answer.json()
        number = self.resume.get("number", paging.first)
        offset = self.resume.get("offset", 0) + len(records)
        more = bool(records) and len(records) >= self.read.page_size
        if paging.has_more:
            # An empty page moves no offset; the number of a page goes on all the same.
            more = paths.find(data, paging.has_more) is True and (bool(records) or paging.kind == "page")
        elif paging.total_pages:
            more = number - paging.first + 1 < _count(data, paging.total_pages)
        elif paging.total:
            more = bool(records) and offset < _count(data, paging.total)
        if not more:
            return None
        return {"number": number + 1} if paging.kind == "page" else {"offset": offset}

    def _refuse_repeats(self, records: list[dict[str, Any]]) -> None:
        """Refuse a page whose records have all been seen as a page of this read, and empty ones without end."""
        self._empty = 0 if records else self._empty + 1
        if self._empty > EMPTY_PAGES:
            raise shape(f"{EMPTY_PAGES} empty pages in a row, and no end")
        if not records:
            return
        fields = self.stream.key
        print_ = hash(tuple(str(paths.find(record, path)) for record in records for path in fields))
        if print_ in self._pages:
            raise shape("the same page came twice")
        self._pages.add(print_)


def _first(cursor: Cursor) -> str:
    return cursor.fields[0][0] if cursor.kind == "keyset" else "since"


def _lies_ahead(value: Any, now: datetime) -> bool:
    """Return whether a place says a time in the future; one that is a number or no time says none."""
    try:
        return isinstance(value, str) and moment_of(value, "") > now + AHEAD
    except ConnectorFailure:
        return False


def _stepped_back(cursor: Cursor, since: dict[str, Any]) -> dict[str, Any]:
    """Return a keyset moved back by the overlap: what was saved late under an earlier time is then read after all."""
    name = cursor.fields[0][0]
    moment, floor = moment_of(since[name], ""), moment_of(cursor.initial[name], "")
    return {**cursor.initial, name: written_moment(max(moment - timedelta(seconds=cursor.overlap), floor))}


def shape(message: str, hint: str = "") -> ConnectorFailure:
    """Return a failure of category shape: the answer is not what the manifest describes."""
    usual = "The system or its version may have changed; compare a fresh sample with the manifest."
    return ConnectorFailure(Category.SHAPE, f"Unexpected answer: {message}.", hint=hint or usual)


def moment_of(value: Any, form: str) -> datetime:
    """Return a record's time as an aware datetime (UTC when it names no zone); raises ConnectorFailure (shape)."""
    try:
        moment = datetime.strptime(str(value), form) if form else datetime.fromisoformat(str(value))  # noqa: DTZ007  # the zone is added below
    except ValueError as error:
        raise shape(f"{str(value)[:60]!r} is not a time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def written_moment(moment: datetime) -> str:
    """Return the time as the cursor keeps it: ISO 8601 in UTC, with fractions only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _present(record: dict[str, Any], path: paths.Path) -> Any:
    value = paths.find(record, path)
    if value is None:
        raise shape(f"a record without {paths.written(path)}, which the cursor needs")
    return value


def _count(data: Any, path: paths.Path) -> int:
    value = paths.find(data, path)
    if not isinstance(value, int) or isinstance(value, bool):
        raise shape(f"{paths.written(path)} is {value!r}, not a number of pages or records")
    return value


def _link_header(answer: Answer) -> str | None:
    for part in answer.headers.get("Link", "").split(","):
        address, _, parameters = part.partition(";")
        if 'rel="next"' in parameters or "rel=next" in parameters:
            return str(address.strip().strip("<>"))
    return None
