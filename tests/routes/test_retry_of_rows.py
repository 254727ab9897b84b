"""A row of the error table may say against its category whether an answer is tried again by itself."""

from collections.abc import Callable

import pytest

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest
from routes import retry
from routes.models import Failure
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import answering, json
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.mark.parametrize("written", ["true", "false"])
async def test_row_of_the_table_says_so_of_reads_and_writes(written: str) -> None:
    row = f"    - {{status: 409, category: conflict, retry: {written}, example: {{status: 409}}}}\n"
    connector = acme(MANIFEST.replace("    - {status: 429,", row + "    - {status: 429,"))
    engine = Engine(allowed=["127.0.0.1:*"])
    try:
        async with answering(lambda _: json("{}", 409)) as server:
            spec = spec_for(server.base, connector)
            [outcome] = await engine.write(spec, "entries", [WriteRequest("create", "K", "i", b"{}")])
            with pytest.raises(ConnectorFailure) as failed:
                await engine.first_records(spec, "entries", most=1)
    finally:
        await engine.close()
    assert (outcome.retry, failed.value.retry) == (written == "true",) * 2


@pytest.mark.parametrize(
    ("category", "told", "state"),
    [
        (Category.CONFLICT, True, "retrying"),
        (Category.CONFLICT, None, "failed"),
        (Category.TRANSIENT, False, "failed"),
        (Category.THROTTLED, False, "failed"),
        (Category.OUTAGE, False, "failed"),
        (Category.TRANSIENT, True, "retrying"),
    ],
)
def test_write_is_tried_again_as_the_row_says(
    quick_world: Make, category: Category, told: bool | None, state: str
) -> None:
    world = quick_world()
    refused = WriteOutcome(Result.REFUSED, category=category, message="locked", retry=told)
    world.target.behave = lambda request, number: refused if number == 1 else None
    world.take_in(entry(1))
    world.deliver(rounds=1)
    assert world.states() == [state]
    assert Failure.objects.filter(transaction_id=world.transactions()[0].pk).exists() == (state == "failed")


def test_what_is_tried_again_because_a_row_says_so_ends() -> None:
    assert retry.delay(Category.CONFLICT, 1, told=True) is not None
    assert retry.delay(Category.CONFLICT, 8, told=True) is None
    assert retry.delay(Category.OUTAGE, 1, told=False) is None
