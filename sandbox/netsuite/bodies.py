"""Reading the body of a request as NetSuite does."""

from typing import Any

import msgspec
from aiohttp import web

from sandbox.netsuite.errors import refusal

MEDIA_TYPES = ("application/json", "application/vnd.oracle.resource+json", "application/schema+json")


async def read_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of a request; raises Refusal 415 or 400."""
    if request.content_type not in MEDIA_TYPES:
        raise refusal(415, "INVALID_HEADER", "The media type of the request is not supported.")
    try:
        body = msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise refusal(400, "INVALID_CONTENT", f"Invalid JSON: {error}") from error
    if not isinstance(body, dict):
        raise refusal(400, "INVALID_CONTENT", "The request body must be an object.")
    return body
