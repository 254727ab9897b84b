"""What an administrator does in NetSuite's screens, as admin endpoints: periods, locks, certificates, limits."""

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from sandbox.netsuite import rules
from sandbox.netsuite.records import RECORD_TYPES
from sandbox.web import ADMIN, answer

if TYPE_CHECKING:
    from sandbox.netsuite.site import NetSuite


class Period(msgspec.Struct, forbid_unknown_fields=True):
    """A month, as YYYY-MM, to open or close."""

    month: str
    closed: bool


class Certificate(msgspec.Struct, forbid_unknown_fields=True):
    """A public key in PEM form, mapped to the application under an id."""

    kid: str
    pem: str


class Revocation(msgspec.Struct, forbid_unknown_fields=True):
    """A certificate that no longer counts, by its id."""

    kid: str


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """The account's concurrency limit, and how long new access tokens live."""

    concurrency: int = 15
    token_seconds: int = 3600


class Lock(msgspec.Struct, forbid_unknown_fields=True):
    """A record that a workflow locks or opens."""

    type: str
    id: int
    locked: bool = True


def add_routes(router: web.UrlDispatcher, site: "NetSuite") -> None:
    """Add the admin's doors."""

    async def set_period(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=Period)
        rows = [p for p in rules.months(site.records) if p["startDate"].startswith(wanted.month)]
        if not rows:
            raise ValueError(f"no period {wanted.month}")
        return answer(200, site.records.put("accountingPeriod", {**rows[0], "closed": wanted.closed}, by="admin"))

    async def credentials(_: web.Request) -> web.Response:
        return answer(200, site.login.credentials())

    async def certify(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=Certificate)
        site.login.certify(wanted.kid, wanted.pem)
        return answer(200, {"kid": wanted.kid})

    async def revoke(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=Revocation)
        return answer(200, {"revoked": site.login.revoke(wanted.kid)})

    async def expire(_: web.Request) -> web.Response:
        return answer(200, {"expired": site.login.expire()})

    async def limit(request: web.Request) -> web.Response:
        limits = msgspec.json.decode(await request.read(), type=Limits)
        site.concurrency, site.login.token_seconds = limits.concurrency, limits.token_seconds
        return answer(200, msgspec.to_builtins(limits))

    async def lock(request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=Lock)
        kind = RECORD_TYPES[wanted.type.lower()].name
        row = site.memory.table(kind)[wanted.id]
        return answer(200, site.records.put(kind, {**row, "locked": wanted.locked}, by="admin"))

    async def put(request: web.Request) -> web.Response:
        kind = RECORD_TYPES[request.match_info["type"].lower()].name
        row = msgspec.json.decode(await request.read(), type=dict[str, Any])
        before = site.memory.table(kind).get(row.get("id", 0), {})
        return answer(200, site.records.put(kind, {**before, **row}, by="admin"))

    router.add_post(ADMIN + "periods", set_period)
    router.add_get(ADMIN + "credentials", credentials)
    router.add_post(ADMIN + "certificates", certify)
    router.add_post(ADMIN + "certificates/revocations", revoke)
    router.add_post(ADMIN + "tokens/expirations", expire)
    router.add_post(ADMIN + "limits", limit)
    router.add_post(ADMIN + "locks", lock)
    router.add_post(ADMIN + "rows/{type}", put)
