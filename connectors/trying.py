"""Trying a connection because somebody asks: harmless requests, and in words what works, what does not, what helps.

First the connector's own question, which proves address and sign-in. When that went well, one record of each stream
that can be read: an account that signs in may still lack the right to some of them.
"""

import asyncio
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings

from canonical.failure import Category
from connectors import gate, loop, sampling
from connectors.manifest.stream import Stream
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, StreamReport, TestReport
from connectors.registry import UnknownConnector, registry
from connectors.spec import ConnectionSpec
from governance import audit
from governance.actor import By
from governance.keys import OPERATOR, KeyLost, KeysUnusable
from governance.rights import Right, require
from governance.still_there import gone

if TYPE_CHECKING:
    from connectors.engine import Engine

UNREADABLE = "streams that cannot be read"  # in an audit entry
SECONDS = 45.0  # that a person waits for the report
OF_ONE = 15.0  # seconds for the sign-in, and for one stream
REMEDY = "Save the connection, or put its draft in force; then choose Test connection."
AT_ONCE = 3  # streams that are tried side by side


def try_out(connection: Connection, *, by: By) -> TestReport:
    """Ask the system and return what came of it. Raises NotAllowed.

    The report never holds a secret. What was asked for and how it ended is in the audit trail.
    """
    require(by, Right.EDIT_CONFIGURATION, connection.legal_entity)
    report = _report(connection)
    _charge(connection, report)
    after = {"ok": report.ok, "message": report.message} | _unreadable(report)
    audit.record(by=by, verb="test", thing=connection, after=after, legal_entity=connection.legal_entity)
    return report


def try_typed(connection: Connection, *, by: By, about: "audit.Thing | None" = None, saved: bool = False) -> TestReport:
    """Ask the system with answers that somebody has typed and not saved. Raises NotAllowed and Gone.

    The audit entry is `about` the connection, or about the draft that has these answers; `saved` where it keeps them.

    Nothing is kept: neither the answers nor a token that they give. A refresh token that works once would be lost by
    that, so it is not tried. Secrets that were not typed anew are the kept ones, so the right is asked where the
    connection belongs, not only where the form would move it: else they could be sent to an address of one's own.
    """
    require(by, Right.EDIT_CONFIGURATION, connection.legal_entity)
    if connection.pk:
        kept = Connection.objects.defer("secrets").select_related("legal_entity").filter(pk=connection.pk).first()
        if kept is None:
            raise gone(connection)
        require(by, Right.EDIT_CONFIGURATION, kept.legal_entity)
    report = _once_only(connection) or _report(connection, apart=True)
    if connection.pk:
        _charge(connection, report)
    name = connection.name or "a connection that is being made"
    thing = about or (Connection._meta.label_lower, str(connection.pk or ""), name)
    after = {"ok": report.ok, "message": report.message, "saved": saved} | _unreadable(report)
    after |= {"remedy": report.remedy} if about and report.remedy else {}
    audit.record(by=by, verb="test", thing=thing, after=after, legal_entity=connection.legal_entity)
    return report


def _once_only(connection: Connection) -> TestReport | None:
    connector = registry.connectors.get(connection.connector)
    if connector is None or connector.manifest.auth_named(connection.auth).kind != "oauth2_refresh":
        return None
    message = "This way to sign in uses a refresh token that works only once, so it cannot be tried before it is saved."
    return TestReport(False, message, REMEDY, Category.CONFIGURATION)


def _report(connection: Connection, *, apart: bool = False) -> TestReport:
    try:
        spec = connection.spec()
    except KeysUnusable:
        return TestReport(False, "The hub's encryption keys cannot be used.", OPERATOR, Category.CONFIGURATION)
    except KeyLost as lost:
        return TestReport(False, str(lost), "Enter the connection's secrets again.", Category.CREDENTIALS)
    except UnknownConnector as unknown:
        return TestReport(False, str(unknown), "Install the connector again.", Category.CONFIGURATION)
    asking = loop.run(_tried_apart(spec) if apart else _tried(loop.engine(), spec))
    try:
        return asking.result(SECONDS)
    except TooLate:
        asking.cancel()
        message = f"{connection.name or 'The system'} has not answered within {SECONDS:.0f} seconds."
        return TestReport(False, message, "Try again; the system may be slow just now.", Category.OUTAGE)


async def _tried_apart(spec: ConnectionSpec) -> TestReport:
    """Try with an engine of its own, whose tokens are forgotten with it."""
    from connectors.engine import Engine  # see connectors.loop

    engine = Engine(allowed=settings.OUTBOUND_ALLOWED)
    try:
        return await _tried(engine, replace(spec, id=f"typed {uuid4()}"))
    finally:
        await engine.close()


async def _tried(engine: "Engine", spec: ConnectionSpec) -> TestReport:
    try:
        report = await asyncio.wait_for(engine.test_connection(spec), OF_ONE)
    except TimeoutError:
        message = f"{spec.connector.manifest.title} has not answered within {OF_ONE:.0f} seconds."
        return TestReport(False, message, "Try again; the system may be slow just now.", Category.OUTAGE)
    if not report.ok:
        return report
    places = asyncio.Semaphore(max(1, min(AT_ONCE, spec.concurrency)))

    async def one(stream: Stream) -> StreamReport:
        async with places:
            return await _stream(engine, spec, stream)

    readable = [each for each in spec.connector.manifest.streams.values() if each.read is not None]
    return replace(report, streams=tuple(await asyncio.gather(*(one(stream) for stream in readable))))


async def _stream(engine: "Engine", spec: ConnectionSpec, stream: Stream) -> StreamReport:
    try:
        records = await asyncio.wait_for(engine.first_records(spec, stream.name, most=1), OF_ONE)
    except TimeoutError:
        return StreamReport(stream.title, False, f"No answer within {OF_ONE:.0f} seconds. Try again later.")
    except ConnectorFailure as failure:
        told = sampling.words(failure)
        return StreamReport(stream.title, False, told[:1].upper() + told[1:])
    found = "Can be read." if records else "Can be read; there is no record yet."
    return StreamReport(stream.title, True, found, len(records))


def _charge(connection: Connection, report: TestReport) -> None:
    """Count the requests in the connection's pace: the test does not wait for it, but others go by it."""
    for stream in sampling.streams_of(connection) if report.streams else ():
        gate.charge(connection.pk, stream.name, 1)


def _unreadable(report: TestReport) -> dict[str, str]:
    """Return what the audit entry says of streams that cannot be read."""
    lacking = [each.title for each in report.streams if not each.ok]
    return {UNREADABLE: ", ".join(lacking)} if lacking else {}
