"""What people do in Harvest's screens, as admin endpoints: approve, withdraw an approval, edit, delete, invoice.

Also what only a simulator can do: let tokens expire, change the call limit, use up nothing.
"""

from typing import Any

import msgspec
from aiohttp import web

from sandbox.harvest.access import Access
from sandbox.harvest.shapes import now
from sandbox.memory import Memory, Row
from sandbox.web import ADMIN, answer


class Ids(msgspec.Struct, forbid_unknown_fields=True):
    """Time entries by id."""

    ids: list[int]


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """The general call limit, and how long new OAuth tokens live."""

    calls: int = 100
    seconds: float = 15.0
    token_seconds: int | None = None


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """A personal token for a user."""

    user_id: int
    account_id: int
    token: str


class Screens:
    """The admin's doors of one account."""

    def __init__(self, memory: Memory, access: Access) -> None:
        self._memory, self._access = memory, access

    async def approve(self, request: web.Request) -> web.Response:
        """Approve time entries: they lock."""
        return await self._set(request, {"approval_status": "approved"})

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take an approval back: the entries are open again."""
        return await self._set(request, {"approval_status": "unsubmitted"})

    async def submit(self, request: web.Request) -> web.Response:
        """Hand time in for approval."""
        return await self._set(request, {"approval_status": "submitted"})

    async def invoice(self, request: web.Request) -> web.Response:
        """Mark time as invoiced: it locks for good."""
        return await self._set(request, {"is_billed": True})

    async def edit(self, request: web.Request) -> web.Response:
        """Change any stored field of one time entry, locked or not."""
        row = self._row(int(request.match_info["id"]))
        changed = msgspec.json.decode(await request.read(), type=dict[str, Any])
        unknown = changed.keys() - row.keys()
        if unknown:
            raise ValueError(f"unknown field {sorted(unknown)}")
        return answer(200, self._put({**row, **changed}))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete time entries for good; no list will mention them again."""
        ids = msgspec.json.decode(await request.read(), type=Ids).ids
        for number in ids:
            self._memory.delete("time_entries", self._row(number)["id"], by="admin")
        return answer(200, {"changed": len(ids)})

    async def put(self, request: web.Request) -> web.Response:
        """Store any row of any table as it is, for tests that need what no screen offers."""
        row = msgspec.json.decode(await request.read(), type=dict[str, Any])
        return answer(200, self._memory.put(request.match_info["table"], row, by="admin"))

    async def expire_tokens(self, _: web.Request) -> web.Response:
        """Let all OAuth access tokens expire now."""
        return answer(200, {"expired": self._access.expire()})

    async def add_token(self, request: web.Request) -> web.Response:
        """Make a personal token for a user."""
        wanted = msgspec.json.decode(await request.read(), type=NewToken)
        return answer(200, self._access.add("access", wanted.user_id, wanted.account_id, wanted.token))

    async def limit(self, request: web.Request) -> web.Response:
        """Change the call limit."""
        limits = msgspec.json.decode(await request.read(), type=Limits)
        self._access.limit_calls, self._access.limit_seconds = limits.calls, limits.seconds
        if limits.token_seconds is not None:
            self._access.token_seconds = limits.token_seconds
        return answer(200, msgspec.to_builtins(limits))

    async def _set(self, request: web.Request, values: Row) -> web.Response:
        ids = msgspec.json.decode(await request.read(), type=Ids).ids
        for number in ids:
            self._put({**self._row(number), **values})
        return answer(200, {"changed": len(ids)})

    def _put(self, row: Row) -> Row:
        return self._memory.put("time_entries", {**row, "updated_at": now()}, by="admin")

    def _row(self, number: int) -> Row:
        return self._memory.table("time_entries")[number]


def add_routes(router: web.UrlDispatcher, memory: Memory, access: Access) -> None:
    """Add the admin's doors."""
    screens = Screens(memory, access)
    router.add_post(ADMIN + "approvals", screens.approve)
    router.add_post(ADMIN + "withdrawals", screens.withdraw)
    router.add_post(ADMIN + "submissions", screens.submit)
    router.add_post(ADMIN + "invoices", screens.invoice)
    router.add_post(ADMIN + "deletions", screens.delete)
    router.add_post(ADMIN + r"time_entries/{id:\d+}", screens.edit)
    router.add_post(ADMIN + "rows/{table}", screens.put)
    router.add_post(ADMIN + "tokens/expirations", screens.expire_tokens)
    router.add_post(ADMIN + "tokens", screens.add_token)
    router.add_post(ADMIN + "limits", screens.limit)
