"""Shows an example of the error table to the table, as if a system had answered it."""

from typing import Any

import msgspec
from multidict import CIMultiDict

from connectors.answer import Answer
from connectors.classify import judge
from connectors.manifest.model import ErrorRow
from connectors.registry import Connector


def first_row_for(connector: Connector, example: dict[str, Any]) -> ErrorRow | None:
    """Return the row that an answer like the example reaches."""
    body = example.get("body")
    data = body.encode() if isinstance(body, str) else b"" if body is None else msgspec.json.encode(body)
    answer = Answer(example["status"], CIMultiDict(example.get("headers", {})), data)
    own = connector.override("classify")
    return (own(answer, "") if own else None) or judge(connector.manifest, answer).row
