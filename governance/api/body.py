"""Reading a request's body within its limits, before anything looks inside."""

from typing import Any

from django.http import HttpRequest

from governance.api.refusals import MEDIA_TYPE, NO_LENGTH, STALLED, TOO_LARGE, Refused

MOST_LEVELS = 100  # of objects and lists within each other: whoever goes through it must reach its bottom
TAKEN = {"accepted": ["application/json"]}


def read(request: HttpRequest, *, most: int) -> bytes:
    """Return the body, of at most `most` bytes, when it says that it is JSON. Raises Refused (411, 413, 415)."""
    check_media_type(request)
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise Refused(NO_LENGTH, "Send the header Content-Length with the number of bytes of the body.")
    if int(length) > most:
        raise Refused(
            TOO_LARGE,
            f"The body has {int(length):,} bytes; up to {most:,} are taken at once. Send it in several parts.",
            more={"limit": most},
        )
    return _arrived(request, int(length))


def _arrived(request: HttpRequest, length: int) -> bytes:
    try:
        return request.read(length)
    except OSError as error:  # the time limit of the web process, or a sender that hung up
        if not isinstance(error.__cause__ or error, TimeoutError):
            raise
        raise Refused(
            STALLED, "The rest of the body did not come in time. Nothing was stored; send it again."
        ) from None


def check_media_type(request: HttpRequest) -> None:
    """Raise Refused (415) unless the body says that it is plain JSON in UTF-8."""
    kind = (request.content_type or "").lower()
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        given = f"The media type is “{kind[:80]}”" if kind else "No media type was given"
        raise Refused(MEDIA_TYPE, f"{given}. Send the header Content-Type: application/json.", more=TAKEN)
    if charset not in ("utf-8", "utf8", "us-ascii") or encoding != "identity":
        raise Refused(MEDIA_TYPE, "The body must be plain UTF-8, not compressed.", more=TAKEN)


def check_levels(content: bytes, value: Any) -> None:
    """Raise RecursionError where more than `MOST_LEVELS` objects and lists stand within each other in a body."""
    if content.count(b"[") + content.count(b"{") <= MOST_LEVELS:
        return
    levels, here = 0, [value]
    while here := [each for each in here if isinstance(each, dict | list)]:
        levels += 1
        here = [inner for each in here for inner in (each.values() if isinstance(each, dict) else each)]
    if levels > MOST_LEVELS:
        raise RecursionError
