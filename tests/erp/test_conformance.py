"""The conformance suite on the real Tryton."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import psycopg
import pytest

from connectors.conformance import RULES, Rule, Subject, hold
from connectors.registry import Connector
from tests.erp.conftest import Tryton
from tests.erp.prepare import address
from tests.erp.talking import Talk

pytestmark = pytest.mark.erp


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_rule_holds(rule: Rule, tryton: Tryton, talk: Talk) -> None:
    reason = await hold(rule, subject_of(tryton, talk), talk.engine)

    assert bool(reason) == (rule.name in ("throttling_honoured", "repeated_write", "bad_row_alone")), reason


def subject_of(tryton: Tryton, talk: Talk) -> Subject:
    """Return what the suite must know; pages are small, so that there are several."""

    async def effects(key: str) -> int:
        return len(tryton.direct.lines(key))

    async def expire() -> None:
        tryton.end_sessions()

    async def logins() -> int:
        with psycopg.connect(address(tryton.database), autocommit=True) as connection:
            row = connection.execute("SELECT last_value FROM ir_session_id_seq").fetchone()
        return int(row[0]) if row else 0

    return Subject(
        replace(talk.spec, connector=with_small_pages(talk.spec.connector)),
        records={"periods": len(tryton.firm["periods"])},
        write_stream="time_lines",
        body=line_of(tryton, "1.5"),
        bad_body=line_of(tryton, "-1"),
        effects=effects,
        expire_token=expire,
        logins=logins,
    )


def line_of(tryton: Tryton, hours: str) -> Callable[[str], bytes]:
    work, employee = tryton.firm["projects"]["P-102"]["timesheet_works"]["REVIEW"], tryton.firm["employees"]["W-002"]
    values = {"employee": employee, "work": work, "date": "2026-11-09", "duration": hours}
    return lambda key: msgspec.json.encode(values | {"description": f"{key} conformance"})


def with_small_pages(connector: Connector) -> Connector:
    periods = connector.manifest.streams["periods"]
    assert periods.read is not None
    small = replace(periods, read=replace(periods.read, page_size=10))
    manifest = replace(connector.manifest, streams={**connector.manifest.streams, "periods": small})
    return Connector(connector.name, manifest, connector.overrides, connector.folder)
