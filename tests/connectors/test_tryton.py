"""Tryton's manifest against answers of its own, where no server is needed."""

import msgspec
from aiohttp import web

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import Result, WriteRequest
from connectors.registry import registry
from connectors.spec import ConnectionSpec
from tests.connectors.scripted import Seen, answering, json


async def test_update_of_a_task_that_is_gone_there_is_not_called_posted(engine: Engine) -> None:
    asked = []

    def reply(seen: Seen) -> web.Response:
        call = msgspec.json.decode(seen.body)
        asked.append(call["method"])
        return json({"common.db.login": '{"result": [7, "a-session"]}', "model.project.work.search": '{"result": []}'}
                    .get(call["method"], '{"result": null}'))  # fmt: skip

    async with answering(reply) as server:
        answers = {"server": server.base, "database": "halden", "login": "hub", "company": "1"}
        spec = ConnectionSpec(1, "erp", registry.connector("tryton"), answers, {"password": "a-password"})
        update = WriteRequest("update", "P-201/DESIGN", "i", b'{"type": "task", "name": "x"}', "41")
        [outcome] = await engine.write(spec, "tasks", [update])
    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.MISSING_REFERENCE)
    assert "model.project.work.write" not in asked
