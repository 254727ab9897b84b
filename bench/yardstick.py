"""The yardstick: what a good programmer's script for exactly this job reaches, with the same durability as the hub.

Two processes take every other page each: read it, map by hand, COPY records and their changes of state, post with
idempotency keys on the hub's HTTP client, then one batched update with its changes of state. It knows no other source,
no configuration, no ordering, no retry and no person who looks at it.
Run by the bench: `python -m bench.yardstick <part> <parts>`, a line of JSON in, a line of JSON out.
"""

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import psycopg

from bench.case import BATCH, PAGE
from bench.work import TABLES
from bench.yardstick_mapping import mapper

PAGES_AT_ONCE = 3  # one is read and copied while others are posted
SCHEMA = """
DROP TABLE IF EXISTS yardstick_record, yardstick_change;
CREATE TABLE yardstick_record (
    key text PRIMARY KEY, state text NOT NULL, source text NOT NULL, body text NOT NULL, hours numeric NOT NULL,
    amount numeric NOT NULL, currency text NOT NULL, problem text NOT NULL, external_id text, reference text
) WITH (fillfactor = 70);
CREATE TABLE yardstick_change (key text NOT NULL, at timestamptz NOT NULL, old text NOT NULL, new text NOT NULL);
"""
COPY_RECORDS = "COPY yardstick_record (key, state, source, body, hours, amount, currency, problem) FROM STDIN"
COPY_CHANGES = "COPY yardstick_change (key, at, old, new) FROM STDIN"
UPDATE = """
UPDATE yardstick_record SET state = 'posted', external_id = done.id, reference = done.reference
FROM unnest(%s::text[], %s::text[], %s::text[]) AS done (key, id, reference) WHERE yardstick_record.key = done.key
"""
_decode_page = msgspec.json.Decoder(float_hook=Decimal).decode
_decode = msgspec.json.decode
_encode = msgspec.json.Encoder().encode
_map = mapper(TABLES)


class Script:
    """One process's share of one case."""

    def __init__(self, task: dict[str, Any], part: int, parts: int) -> None:
        self.url, self.batch, self.database = task["url"], task["batch"], task["database"]
        self.window = task["in_flight"] // parts
        self.pages = iter(range(part + 1, -(-task["entries"] // PAGE) + 1, parts))

    async def run(self) -> None:
        """Do the work."""
        connector = aiohttp.TCPConnector(limit=self.window)
        async with aiohttp.ClientSession(connector=connector) as self.session:
            await asyncio.gather(*(self._pages() for _ in range(PAGES_AT_ONCE)))

    async def _pages(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            for page in self.pages:
                async with self.session.get(f"{self.url}/time_entries?page={page}&per_page={PAGE}") as answer:
                    entries = _decode_page(await answer.read())["time_entries"]
                bodies = await self._store(connection, entries)
                await self._confirm(connection, await self._post(bodies))

    async def _store(
        self, connection: psycopg.AsyncConnection[Any], entries: list[dict[str, Any]]
    ) -> list[tuple[str, bytes]]:
        """Copy a page in; return keys and bodies of the entries that may be posted."""
        rows: list[tuple[Any, ...]] = []
        changes: list[tuple[Any, ...]] = []
        ready: list[tuple[str, bytes]] = []
        now = datetime.now(UTC)
        for entry in entries:
            values, problems = _map(entry)
            key, body = values["key"], _encode(values)
            state = "with_people" if problems else "ready"
            totals = values["hours"], values["amount"], values["currency"]
            rows.append((key, state, _encode(entry).decode(), body.decode(), *totals, "\n".join(problems)))
            changes += (key, now, "", "received"), (key, now, "received", state)
            if not problems:
                ready.append((key, body))
        await _copy(connection, COPY_RECORDS, rows)
        await _copy(connection, COPY_CHANGES, changes)
        await connection.commit()
        return ready

    async def _post(self, bodies: list[tuple[str, bytes]]) -> list[tuple[str, str, str]]:
        """Post all; return key, id and reference of what the target has."""
        done: list[tuple[str, str, str]] = []
        if self.batch > 1:
            batches = iter([bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)])
            await asyncio.gather(*(self._batch_poster(batches, done) for _ in range(8)))
        else:
            waiting = iter(bodies)
            await asyncio.gather(*(self._poster(waiting, done) for _ in range(self.window)))
        return done

    async def _poster(self, waiting: Iterable[tuple[str, bytes]], done: list[tuple[str, str, str]]) -> None:
        url, post = f"{self.url}/entries", self.session.post
        for key, body in waiting:
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"{key}/1"}
            async with post(url, data=body, headers=headers) as answer:
                told = _decode(await answer.read())
            if answer.status == 201:
                done.append((key, told["id"], told["reference"]))

    async def _batch_poster(self, batches: Iterable[list[tuple[str, bytes]]], done: list[tuple[str, str, str]]) -> None:
        url, headers = f"{self.url}/entries/batch", {"Content-Type": "application/json"}
        for batch in batches:
            items = b",".join(b'{"idempotency_key":"%b/1","entry":%b}' % (key.encode(), body) for key, body in batch)
            async with self.session.post(url, data=b'{"entries":[%b]}' % items, headers=headers) as answer:
                results = _decode(await answer.read())["results"]
            done += [(key, told["id"], told["reference"])
                     for (key, _), told in zip(batch, results, strict=True) if told["status"] == 201]  # fmt: skip

    async def _confirm(self, connection: psycopg.AsyncConnection[Any], done: list[tuple[str, str, str]]) -> None:
        now = datetime.now(UTC)
        await connection.execute(UPDATE, [list(column) for column in zip(*done, strict=True)])
        await _copy(connection, COPY_CHANGES, [(key, now, "ready", "posted") for key, _, _ in done])
        await connection.commit()


async def _copy(connection: psycopg.AsyncConnection[Any], statement: str, rows: list[tuple[Any, ...]]) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


def main() -> None:
    """Answer each line of standard input."""
    part, parts = int(sys.argv[1]), int(sys.argv[2])
    print("{}", flush=True)
    for line in sys.stdin:
        asyncio.run(Script(json.loads(line), part, parts).run())
        print("{}", flush=True)


if __name__ == "__main__":
    main()
