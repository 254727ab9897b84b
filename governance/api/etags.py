"""Edits say which state they were made from (ETag, If-Match), so that nobody overwrites what they have not read."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request

from governance.api.refusals import BAD_HEADER, IF_MATCH_NEEDED, STALE, Refused
from governance.models.version import content_hash

Told = Callable[[], Mapping[str, Any]]  # the present state as the caller may read it, asked for when it is told
TAGS = re.compile(r'\s*("[\x21\x23-\x7e]*"\s*(,\s*"[\x21\x23-\x7e]*"\s*)*|\*)\s*', re.ASCII)


def etag(shown: Mapping[str, Any], seal: str = "") -> str:
    """Return the tag of a thing as it is shown; `seal` stands for what belongs to it and is never told."""
    return f'"{content_hash([shown, seal] if seal else shown)[:32]}"'


def require_if_given(request: Request, whole: Mapping[str, Any], seal: str = "", *, told: Told | None = None) -> None:
    """Do as `require`, and nothing for a caller who does not say what they have read."""
    if "If-Match" in request.headers:
        require(request, whole, seal, told=told)


def require_read(request: Request, whole: Mapping[str, Any], seal: str = "", *, told: Told | None = None) -> None:
    """Do as `require`, of one who agrees to what they have read: "whatever stands there" (`*`) is none of it."""
    given = request.headers.get("If-Match", "")
    if not given.strip("* \t"):
        raise Refused(
            IF_MATCH_NEEDED,
            "Nobody agrees to what they have not read. Read it first, and send the header If-Match with its ETag.",
        )
    require(request, whole, seal, told=told)


def require(request: Request, whole: Mapping[str, Any], seal: str = "", *, told: Told | None = None) -> None:
    """Raise Refused unless the caller has read this state: 428 for none, 412 with the present one for another.

    `whole`: what the tag is of. `told`: the same as the caller may read it, where that is less; None: all of it.
    """
    given = request.headers.get("If-Match")
    present = etag(whole, seal)
    if given is None:
        raise Refused(IF_MATCH_NEEDED, "Send the header If-Match with the ETag of what you have read.")
    if not TAGS.fullmatch(given):
        raise Refused(BAD_HEADER, f"If-Match must be an ETag in quotes, such as {present}.")
    if given.strip() != "*" and present not in [tag.strip() for tag in given.split(",")]:
        detail = "It was changed since you have read it. The present state is in `current`: look at it, then decide."
        raise Refused(STALE, detail, more={"current": dict(told() if told else whole)}, headers={"ETag": present})
