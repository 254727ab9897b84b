"""The doors of Harvest under /v2 (and /api/v2), its token endpoint, and the admin's doors under /_sandbox/."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from sandbox.faults import Fault, FaultRule
from sandbox.harvest import admin, writes
from sandbox.harvest.access import INVALID_TOKEN, Access, is_admin
from sandbox.harvest.listing import answer_list
from sandbox.harvest.shapes import RESOURCES, Resource, Shown, now
from sandbox.memory import Memory, Row
from sandbox.web import Refusal, Site, answer, retry_after

ACCOUNT = 1463201
TOKEN = "harvest-sandbox-token"  # noqa: S105 - opens nothing but the simulator
CLIENT_ID = "harvest-sandbox-client"
CLIENT_SECRET = "harvest-sandbox-secret"  # noqa: S105 - as above
REFRESH_TOKEN = "harvest-sandbox-refresh"  # noqa: S105 - as above
NOT_FOUND = {"status": 404, "error": "Not Found"}
FORBIDDEN = {"message": "You don't have permission to perform this action."}
_OPEN_DOORS = ("/api/v2/oauth2/token", "/oauth2/authorize")
_USER = web.RequestKey("user", dict)


class Harvest(Site):
    """One Harvest account."""

    name = "harvest"

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.access = Access(memory)
        self.begin()

    def begin(self) -> None:
        """Forget the calls counted; give an empty account its owner and tokens."""
        self.access.begin()
        if self.memory.empty:
            fill_account(self.memory, self.access)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add every address twice, as Harvest does; the special ones before the general ones."""
        router.add_post("/api/v2/oauth2/token", self._token)
        router.add_get("/oauth2/authorize", self._authorize)
        router.add_get("/api/v2/accounts", self._accounts)
        admin.add_routes(router, self.memory, self.access)
        for root in ("/v2", "/api/v2"):
            router.add_get(f"{root}/company", self._company)
            router.add_get(f"{root}/users/me", self._me)
            router.add_get(f"{root}/users/{{id:me|\\d+}}/project_assignments", self._project_assignments)
            router.add_get(f"{root}/users/{{id:\\d+}}/{{kind:cost_rates|billable_rates}}", self._rates)
            router.add_patch(f"{root}/time_entries/{{id:\\d+}}/{{verb:stop|restart}}", self._timer)
            router.add_delete(f"{root}/time_entries/{{id:\\d+}}/external_reference", self._forget_reference)
            kinds = "{resource:task_assignments|user_assignments}"
            router.add_route("*", f"{root}/projects/{{project:\\d+}}/{kinds}", self._collection)
            router.add_route("*", f"{root}/projects/{{project:\\d+}}/{kinds}/{{id:\\d+}}", self._one)
            router.add_route("*", f"{root}/{{resource}}", self._collection)
            router.add_route("*", f"{root}/{{resource}}/{{id:\\d+}}", self._one)

    async def before(self, request: web.Request) -> None:
        """Ask for the three headers everywhere but at the token doors."""
        if request.path not in _OPEN_DOORS:
            request[_USER] = self.access.check(request)

    def key_of(self, request: web.Request, body: bytes) -> str:
        """Return the external reference of a write, else the path."""
        if body and request.content_type == "application/json":
            try:
                sent = msgspec.json.decode(body)
                return str(sent["external_reference"]["id"])
            except (msgspec.DecodeError, KeyError, TypeError):
                return request.path
        return request.path

    def without_effect(self, rule: FaultRule) -> Refusal:
        """Return Harvest's words for a fault."""
        match rule.fault:
            case Fault.THROTTLED:
                body = {"message": "You have been throttled. Please wait before making another request."}
                return Refusal(429, body, retry_after(rule))
            case Fault.EXPIRED:
                return Refusal(401, INVALID_TOKEN)
            case Fault.UNAVAILABLE:
                return Refusal(503, {"message": "Service unavailable"})
        return Refusal(500, {"message": "Internal server error"})

    def trouble(self, request: web.Request, error: web.HTTPException) -> Refusal:
        """Answer 404 for unknown addresses and 405 for unknown methods."""
        return Refusal(error.status, NOT_FOUND if error.status == web.HTTPNotFound.status_code else FORBIDDEN)

    async def _token(self, request: web.Request) -> web.Response:
        if not request.headers.get("User-Agent"):
            raise Refusal(400, {"message": "A User-Agent header is required."})
        form = {name: str(value) for name, value in (await writes.read_body(request)).items()}
        return answer(200, self.access.grant(form))

    async def _authorize(self, request: web.Request) -> web.Response:
        """Consent at once, as a simulator may, and send the browser back with a code."""
        code = self.access.add("code", 1, ACCOUNT, seconds=600)
        query = {"code": code["token"], "scope": f"harvest:{ACCOUNT}", "state": request.query.get("state", "")}
        back = request.query.get("redirect_uri", "")
        return web.Response(status=302, headers={"Location": f"{back}?{urlencode(query)}"})

    async def _accounts(self, request: web.Request) -> web.Response:
        user = request[_USER]
        account = {"id": ACCOUNT, "name": self._company_row()["name"], "product": "harvest"}
        names = {name: user[name] for name in ("id", "first_name", "last_name", "email")}
        return answer(200, {"user": names, "accounts": [account]})

    async def _company(self, _: web.Request) -> web.Response:
        hidden = ("id", "client_id", "client_secret")
        return answer(200, {name: value for name, value in self._company_row().items() if name not in hidden})

    async def _me(self, request: web.Request) -> web.Response:
        return self._shown(RESOURCES["users"], request[_USER])

    async def _project_assignments(self, request: web.Request) -> web.Response:
        asked = request.match_info["id"]
        user_id = request[_USER]["id"] if asked == "me" else int(asked)
        rows = self._rows("user_assignments", user_id=user_id)
        envelope = answer_list(self.memory, RESOURCES["user_assignments"], request, rows, cursor=asked != "me")
        envelope["project_assignments"] = envelope.pop("user_assignments")
        return answer(200, envelope)

    async def _rates(self, request: web.Request) -> web.Response:
        self._need_admin(request)
        user = self._found("users", request)
        amount = user["cost_rate" if request.match_info["kind"] == "cost_rates" else "default_hourly_rate"]
        rate = {"id": user["id"], "amount": amount, "start_date": None, "end_date": None}
        rate |= {"created_at": user["created_at"], "updated_at": user["updated_at"]}
        kind = request.match_info["kind"]
        resource = Resource(kind, "Rate", cursor=True)
        return answer(200, answer_list(self.memory, resource, request, [] if amount is None else [rate]))

    async def _timer(self, request: web.Request) -> web.Response:
        row = self._found("time_entries", request)
        run = request.match_info["verb"] == "restart"
        return self._shown(RESOURCES["time_entries"], writes.stop_or_restart(self.memory, row, run=run))

    async def _forget_reference(self, request: web.Request) -> web.Response:
        row = self._found("time_entries", request)
        self.memory.put("time_entries", {**row, "external_reference": None, "updated_at": now()}, by="api")
        return answer(200, None)

    async def _collection(self, request: web.Request) -> web.Response:
        resource, project = self._resource(request), self._project(request)
        if request.method == "GET":
            rows = self._visible(resource, request)
            if project is None:
                return answer(200, answer_list(self.memory, resource, request, rows))
            own = [row for row in rows if row["project_id"] == project["id"]]
            return answer(200, answer_list(self.memory, resource, request, own, cursor=False))
        nested_only = resource.name in ("task_assignments", "user_assignments")
        if request.method != "POST" or (nested_only and project is None):
            raise web.HTTPMethodNotAllowed(request.method, ["GET"])
        if resource.name != "time_entries":
            self._need_admin(request)
        body = await writes.read_body(request)
        row = writes.create(self.memory, resource, body, request[_USER], project)
        return self._shown(resource, row, status=201)

    async def _one(self, request: web.Request) -> web.Response:
        resource = self._resource(request)
        row = self._found(resource.name, request)
        if row not in self._visible(resource, request):
            raise Refusal(404, NOT_FOUND)
        if request.method == "GET":
            return self._shown(resource, row)
        if resource.name != "time_entries":
            self._need_admin(request)
        if request.method == "PATCH":
            body = await writes.read_body(request)
            return self._shown(resource, writes.change(self.memory, resource, row, body))
        if request.method == "DELETE":
            writes.delete(self.memory, resource, row)
            return answer(200, None)
        raise web.HTTPMethodNotAllowed(request.method, ["GET", "PATCH", "DELETE"])

    def _resource(self, request: web.Request) -> Resource:
        resource = RESOURCES.get(request.match_info["resource"])
        if resource is None:
            raise Refusal(404, NOT_FOUND)
        if resource.admin_only:
            self._need_admin(request)
        return resource

    def _project(self, request: web.Request) -> Row | None:
        if "project" not in request.match_info:
            return None
        project = self.memory.table("projects").get(int(request.match_info["project"]))
        if project is None:
            raise Refusal(404, NOT_FOUND)
        return project

    def _visible(self, resource: Resource, request: web.Request) -> list[Row]:
        """Return what the caller may see: a member's list of time is silently shorter."""
        rows = list(self.memory.table(resource.name).values())
        if resource.name == "time_entries" and not is_admin(request[_USER]):
            return [row for row in rows if row["user_id"] == request[_USER]["id"]]
        return rows

    def _found(self, table: str, request: web.Request) -> Row:
        row = self.memory.table(table).get(int(request.match_info["id"]))
        if row is None:
            raise Refusal(404, NOT_FOUND)
        return row

    def _rows(self, table: str, **values: Any) -> list[Row]:
        return [r for r in self.memory.table(table).values() if all(r[name] == v for name, v in values.items())]

    def _need_admin(self, request: web.Request) -> None:
        if not is_admin(request[_USER]):
            raise Refusal(403, FORBIDDEN)

    def _company_row(self) -> Row:
        return next(iter(self.memory.table("company").values()))

    def _shown(self, resource: Resource, row: Row, *, status: int = 200) -> web.Response:
        return answer(status, Shown(self.memory).row(resource.name, row))


def fill_account(memory: Memory, access: Access) -> None:
    """Store what every account has: the company, its owner, a personal token and an OAuth client."""
    company = {
        "base_uri": "https://halden.harvestapp.com",
        "full_domain": "halden.harvestapp.com",
        "name": "Halden & Partner",
        "is_active": True,
        "week_start_day": "Monday",
        "wants_timestamp_timers": False,
        "time_format": "decimal",
        "plan_type": "business-v4",
        "expense_feature": True,
        "invoice_feature": False,
        "estimate_feature": False,
        "approval_feature": True,
        "clock": "24h",
        "weekly_capacity": 144000,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    memory.put("company", company, by="fill")
    moment = now()
    owner = {"first_name": "Ingrid", "last_name": "Solheim", "email": "ingrid.solheim@halden-partner.example"}
    owner_row = RESOURCES["users"].defaults | owner | {"access_roles": ["administrator"]}
    user = memory.put("users", {**owner_row, "created_at": moment, "updated_at": moment}, by="fill")
    access.add("access", user["id"], ACCOUNT, TOKEN)
    access.add("refresh", user["id"], ACCOUNT, REFRESH_TOKEN)
    memory.flush()
