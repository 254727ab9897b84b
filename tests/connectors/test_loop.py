"""One loop per process serves ordinary code; a forked child gets its own; a stopped process sends nothing late."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from connectors import loop
from connectors.outcome import Result
from hub.supervisor.processes import wait_until
from tests.connectors.acme import spec_for
from tests.connectors.scripted import answering, json

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = '{"entries": [{"id": 1, "updated_at": "2026-11-01T00:00:00Z"}], "pages": 1}'


@pytest.fixture
def own_loop(settings: Any) -> Any:
    settings.OUTBOUND_ALLOWED = ["127.0.0.1:*"]
    loop.stop()
    yield
    loop.stop()


async def test_run_and_iterate_serve_ordinary_code(own_loop: None) -> None:
    async with answering(lambda _: json(ENTRIES)) as server:
        spec = spec_for(server.base, id="not saved")

        def ordinary() -> int:
            engine = loop.engine()
            assert engine is loop.engine()
            return sum(len(page.records) for page in loop.iterate(engine.read_pages(spec, "entries")))

        assert await asyncio.to_thread(ordinary) == 1


async def test_many_threads_start_one_loop(own_loop: None) -> None:
    engines = await asyncio.gather(*(asyncio.to_thread(loop.engine) for _ in range(20)))
    assert len({id(engine) for engine in engines}) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_ends_takes_nobody_along_and_the_next_use_starts_anew(own_loop: None) -> None:
    first, running = loop.engine(), loop._running
    assert running is not None
    thread = next(each for each in threading.enumerate() if each.ident == running.loop._thread_id)
    waiting = loop.run(asyncio.sleep(600))

    def end() -> None:
        raise SystemExit  # what ends a thread without a word

    running.loop.call_soon_threadsafe(end)

    with pytest.raises(CancelledError):
        waiting.result(30)
    assert wait_until(running.loop.is_closed, 30)
    thread.join(30)  # what ended it is told within this test, which knows of it
    assert loop.run(asyncio.sleep(0, "done")).result(30) == "done"
    assert loop.engine() is not first


def test_stopping_ends_what_is_under_way(own_loop: None) -> None:
    loop.engine()
    waiting = loop.run(asyncio.sleep(600))
    loop.stop()
    with pytest.raises(CancelledError):
        waiting.result(30)


STOPPED = """
import asyncio, os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "hub.settings"
import django; django.setup()
from connectors.engine import Engine
from connectors.outcome import WriteRequest
from tests.connectors.acme import spec_for

async def main():
    engine = Engine(allowed=["127.0.0.1:*"])
    spec = spec_for(sys.argv[1])
    async def write(key, deadline):
        return (await engine.write(spec, "entries", [WriteRequest("create", "K", key, b"{}", None, deadline)]))[0]
    await write("i1", time.monotonic() + 60)
    deadline = time.monotonic() + 1
    print("ready", flush=True)
    time.sleep(0.3)  # the process is stopped here, after it has decided to send
    print((await write("i2", deadline)).result, flush=True)
    await engine.close()

asyncio.run(main())
"""


async def test_a_process_that_was_stopped_past_its_deadline_sends_nothing() -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STOPPED, server.base, cwd=ROOT, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.2)
        process.send_signal(signal.SIGCONT)
        assert (await process.stdout.readline()).strip() == str(Result.NOT_SENT).encode()
        await process.wait()
    assert len(server.seen) == 1
