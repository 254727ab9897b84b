"""The doors of NetSuite: records, SuiteQL, asynchronous jobs, the token endpoint, and the admin's under /_sandbox/."""

from typing import Any

import msgspec
from aiohttp import web

from sandbox.faults import Fault, FaultRule
from sandbox.memory import Memory, Row
from sandbox.netsuite import admin, jobs, rules, suiteql
from sandbox.netsuite.bodies import read_object
from sandbox.netsuite.errors import login_refused, not_found, refusal, too_many, unexpected, user_error
from sandbox.netsuite.listing import envelope, matching, page_of
from sandbox.netsuite.login import TOKEN_PATH, Login
from sandbox.netsuite.records import RECORD_TYPES, Records, RecordType, shown
from sandbox.web import Refusal, Site, answer

ROOT = "/services/rest/record/v1"
QUERY = "/services/rest/query/v1/suiteql"
EID = "eid:"
ROWS_MOST = 100_000  # of one SuiteQL query


class NetSuite(Site):
    """One NetSuite account."""

    name = "netsuite"

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.begin()

    def begin(self) -> None:
        """Take the limit of a small account, and index what the memory holds."""
        self.records, self.login, self.concurrency = Records(self.memory), Login(self.memory), 15

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add NetSuite's doors."""
        router.add_post(TOKEN_PATH, self._token)
        router.add_post(QUERY, self._suiteql)
        router.add_route("*", ROOT + "/{type}", self._collection)
        router.add_route("*", ROOT + "/{type}/{id}", self._one)
        jobs.add_routes(router, self.memory)
        admin.add_routes(router, self)

    def admit(self, request: web.Request) -> None:
        """Hold the account-wide concurrency limit."""
        if self.in_flight > self.concurrency:
            self.memory.note("throttled", in_flight=self.in_flight)
            raise too_many()

    async def before(self, request: web.Request) -> None:
        """Ask for a login everywhere but at the token door."""
        if request.path != TOKEN_PATH:
            self.login.check(request)

    def key_of(self, request: web.Request, body: bytes) -> str:
        """Return the external id that a request is about, else its path."""
        last = request.path.rpartition("/")[2]
        if last.startswith(EID):
            return last.removeprefix(EID)
        try:
            return str(msgspec.json.decode(body)["externalId"])
        except (msgspec.DecodeError, KeyError, TypeError):
            return request.path

    def without_effect(self, rule: FaultRule) -> Refusal:
        """Return NetSuite's words for a fault."""
        match rule.fault:
            case Fault.THROTTLED:
                return too_many()
            case Fault.EXPIRED:
                return login_refused("Bearer")
            case Fault.UNAVAILABLE:
                return refusal(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.")
        return unexpected()

    def trouble(self, request: web.Request, error: web.HTTPException) -> Refusal:
        """Answer for unknown addresses and methods."""
        if error.status == web.HTTPMethodNotAllowed.status_code:
            return refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.")
        return not_found()

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return answer(200, self.login.grant(form))

    async def _suiteql(self, request: web.Request) -> web.Response:
        if request.headers.get("Prefer", "").lower() != "transient":
            detail = "The required header 'Prefer: transient' is missing."
            raise refusal(400, "INVALID_HEADER", detail)
        limit, offset = page_of(dict(request.query))
        body = await read_object(request)
        if not isinstance(body.get("q"), str):
            raise refusal(400, "INVALID_CONTENT", "The request body must hold the query as text in 'q'.", path="q")
        rows = suiteql.run(self.records, body["q"])[:ROWS_MOST]
        page = rows[offset : offset + limit]
        return answer(200, envelope(page, len(rows), limit, offset, str(request.url.with_query(None))))

    async def _collection(self, request: web.Request) -> web.Response:
        kind = _kind(request)
        if request.method == "GET":
            return self._list(request, kind)
        if request.method not in ("POST", "PUT", "PATCH"):
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "POST"])
        if jobs.is_asynchronous(request):
            return await jobs.accept(self, request, kind)
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "POST"])
        row = self.create(kind, await read_object(request))
        return _created(kind, row, request)

    async def _one(self, request: web.Request) -> web.Response:
        kind, text = _kind(request), request.match_info["id"]
        row = self.find(kind, text)
        if request.method == "PUT" and text.startswith(EID):
            return await self._upsert(request, kind, text.removeprefix(EID), row)
        if row is None:
            raise not_found()
        match request.method:
            case "GET":
                return answer(200, shown(self.records, kind, row, f"{request.url.origin()}{ROOT}/{kind.name}"))
            case "PATCH":
                self.change(kind, row, await read_object(request), replace=request.query.get("replace", ""))
                return _created(kind, row, request)
            case "DELETE":
                self.delete(kind, row)
                return answer(204, None)
        raise web.HTTPMethodNotAllowed(request.method, ["GET", "PATCH", "PUT", "DELETE"])

    async def _upsert(self, request: web.Request, kind: RecordType, eid: str, row: Row | None) -> web.Response:
        body = {**await read_object(request), "externalId": eid}
        stored = self.create(kind, body) if row is None else self.change(kind, row, body)
        return _created(kind, stored, request)

    def _list(self, request: web.Request, kind: RecordType) -> web.Response:
        unknown = sorted(request.query.keys() - {"q", "limit", "offset"})
        if unknown:
            detail = f"Invalid query parameter name: {unknown[0]}."
            raise refusal(400, "INVALID_PARAMETER", detail, query=unknown[0])
        limit, offset = page_of(dict(request.query))
        rows = matching(self.records.all(kind.name), request.query.get("q", ""))
        url = f"{request.url.origin()}{ROOT}/{kind.name}"
        page = rows[offset : offset + limit]
        items = [{"links": [{"rel": "self", "href": f"{url}/{row['id']}"}], "id": str(row["id"])} for row in page]
        return answer(200, envelope(items, len(rows), limit, offset, url))

    def find(self, kind: RecordType, text: str) -> Row | None:
        """Return the record that an address names, by internal id or `eid:`."""
        if text.startswith(EID):
            return self.records.by_external_id(kind.name, text.removeprefix(EID))
        return self.records.by_id(kind.name, text)

    def create(self, kind: RecordType, body: dict[str, Any]) -> Row:
        """Store a new record; raises Refusal."""
        return self.records.put(kind.name, rules.checked(self.records, kind, body, None), by="api")

    def change(self, kind: RecordType, row: Row, body: dict[str, Any], *, replace: str = "") -> Row:
        """Store the keys sent; lines are merged by their number unless `replace` names them. Raises Refusal."""
        changed = rules.checked(self.records, kind, body, row)
        for name, what in kind.fields.items():
            if what == "lines" and name in body and name not in replace.split(","):
                changed[name] = _merged(row.get(name) or [], changed[name])
        return self.records.put(kind.name, changed, by="api")

    def delete(self, kind: RecordType, row: Row) -> None:
        """Remove a record; raises Refusal when its period is closed or something points to it."""
        rules.check_lock(row)
        if kind.dated:
            rules.check_period(self.records, kind, row)
        text = str(row["id"])
        for other in RECORD_TYPES.values():
            names = [name for name, what in other.fields.items() if isinstance(what, tuple) and kind.name in what]
            if any(record.get(name) == text for name in names for record in self.records.all(other.name)):
                raise user_error("This record cannot be deleted because it has dependent records.")
        self.records.delete(kind.name, row, by="api")


def _kind(request: web.Request) -> RecordType:
    kind = RECORD_TYPES.get(request.match_info["type"].lower())
    if kind is None:
        name = request.match_info["type"]
        raise refusal(404, "NONEXISTENT_RECORD_TYPE", f"Record type '{name}' does not exist.")
    return kind


def _created(kind: RecordType, row: Row, request: web.Request) -> web.Response:
    """Return 204; the id stands in the Location only."""
    location = f"{request.url.origin()}{ROOT}/{kind.name}/{row['id']}"
    return answer(204, None, {"Location": location})


def _merged(before: list[Row], lines: list[Row]) -> list[Row]:
    """Merge lines by their number; a line without one is new."""
    merged = {line.get("line", place + 1): line for place, line in enumerate(before)}
    for line in lines:
        number = line.get("line") or max([0, *merged]) + 1
        merged[number] = {**merged.get(number, {}), **line, "line": number}
    return list(merged.values())
