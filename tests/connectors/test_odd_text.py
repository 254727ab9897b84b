"""Texts of vendors that no text can be: the spot is marked, and everything else of the body stays as it was."""

import json
import re
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.engine import Engine
from connectors.odd_text import decoded, mended
from tests.connectors.acme import spec_for
from tests.connectors.scripted import Seen, answering
from tests.connectors.test_read import pages_of

HALF = re.compile("[\ud800-\udfff]")
texts = st.text(st.characters() | st.sampled_from('\\u"/\ud83d\ude00d8'), max_size=12)
bodies = st.dictionaries(texts, texts | st.integers() | st.lists(texts, max_size=3), max_size=4)


@given(bodies)
def test_mended_body_says_what_it_said_with_halves_of_characters_marked(body: dict[str, Any]) -> None:
    written = json.dumps(body).encode()
    read = json.loads(mended(written))
    plain = json.loads(written)  # joins halves that stand beside each other, as every reader of JSON does
    assert read == _marked(plain)
    assert msgspec.json.decode(mended(written)) == read


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return {_marked(key): _marked(each) for key, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("body", [b"<html>\xff", b"{", b'{"a": "\\ud800"', b"[1,", b"nothing"])
def test_body_that_is_no_json_for_another_reason_stays_so(body: bytes) -> None:
    with pytest.raises(ValueError):
        decoded(msgspec.json.decode, body)


@pytest.mark.parametrize("odd", [b"caf\xe9", b"half \\ud800 of one", b"\\udc00"])
async def test_one_odd_text_does_not_cost_the_other_records_of_its_page(engine: Engine, odd: bytes) -> None:
    def page(_: Seen) -> web.Response:
        line = b'{"id": %d, "note": "%b", "updated_at": "2026-11-05T10:00:00Z"}'
        records = b",".join(line % (n, odd if n == 2 else b"x") for n in (1, 2, 3))
        return web.Response(body=b'{"entries": [%b], "pages": 1}' % records, content_type="application/json")

    async with answering(page) as server:
        [read] = await pages_of(engine, spec_for(server.base))
    assert [record["id"] for record in read.records] == [1, 2, 3]
    assert "\ufffd" in read.records[1]["note"]
