"""Trying a connection because somebody asks: one harmless request, and in words what is wrong and what would help."""

from concurrent.futures import TimeoutError as TooLate

from canonical.failure import Category
from connectors import loop
from connectors.models import Connection
from connectors.outcome import TestReport
from connectors.registry import UnknownConnector
from governance import audit
from governance.actor import By
from governance.keys import KeyLost
from governance.rights import Right, require

SECONDS = 30.0  # that a person waits for the report


def try_out(connection: Connection, *, by: By) -> TestReport:
    """Ask the system the connector's harmless question and return what came of it. Raises NotAllowed.

    The report never holds a secret. What was asked for and how it ended is in the audit trail.
    """
    require(by, Right.EDIT_CONFIGURATION, connection.legal_entity)
    report = _report(connection)
    after = {"ok": report.ok, "message": report.message}
    audit.record(by=by, verb="test", thing=connection, after=after, legal_entity=connection.legal_entity)
    return report


def _report(connection: Connection) -> TestReport:
    try:
        spec = connection.spec()
    except KeyLost as lost:
        return TestReport(False, str(lost), "Enter the connection's secrets again.", Category.CREDENTIALS)
    except UnknownConnector as unknown:
        return TestReport(False, str(unknown), "Install the connector again.", Category.CONFIGURATION)
    asking = loop.run(loop.engine().test_connection(spec))
    try:
        return asking.result(SECONDS)
    except TooLate:
        asking.cancel()
        message = f"{connection.name} has not answered within {SECONDS:.0f} seconds."
        return TestReport(False, message, "Try again; the system may be slow just now.", Category.OUTAGE)
