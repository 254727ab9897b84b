"""What holds for every request: through which door a person came in, and that its texts can be texts."""

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote_plus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

from governance.audit import through
from governance.scoping import grants_read_once

DOORS = (("/admin/", "admin"), ("/api/", "api"))  # everything else is a page
BODIES_OF_THEIR_OWN = ("/api/", "/hooks/")  # read byte for byte by their views, which answer for what is in them
TOKENS = "/oauth/"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def channel_of_request(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let every audit entry of the request know its channel."""

    def middleware(request: HttpRequest) -> HttpResponse:
        channel = next((name for path, name in DOORS if request.path.startswith(path)), "page")
        with through(channel):
            return respond(request)

    return middleware


def rights_asked_once(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let a page that changes nothing ask once which roles somebody has, however many of its parts ask."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return respond(request)
        with grants_read_once():
            return respond(request)

    return middleware


NUL = "A value holds the character NUL, which is part of no text. Remove it and send it again."


class WithoutNul:
    """Refuses headers, cookies, addresses, parameters and forms that hold the character NUL.

    No text of the database can hold it. Stands before who asks is looked for, by cookie or header, and after the check
    of the form's token, which reads the form first.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the headers and go on; the rest is asked when the view is known. Raises BadRequest."""
        if any("\x00" in text for text in _sent_beside(request)):
            raise BadRequest(NUL)
        return self.respond(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Raise BadRequest, which becomes status 400 in words."""
        texts = [request.path, *_texts(request.GET)]
        if request.content_type in FORMS and not request.path.startswith(BODIES_OF_THEIR_OWN):
            texts += _texts(request.POST)
        if any("\x00" in text for text in texts):
            raise BadRequest(NUL)


def _sent_beside(request: HttpRequest) -> Iterator[str]:
    """Yield headers and cookies, and what stands in them in another spelling."""
    yield from (str(text) for name, text in request.META.items() if name.startswith(("HTTP_", "CONTENT_")))
    yield from (text for pair in request.COOKIES.items() for text in pair)  # quoted ones spell it \000
    sent = request.META.get("HTTP_AUTHORIZATION", "").encode("latin-1", "ignore")  # as bytes, as it is read later
    way, *given = sent.split(maxsplit=1) or [b""]  # a tab parts them, too
    if way.lower() != b"basic":
        return
    with suppress(ValueError):  # whoever reads it says what is wrong
        text = base64.b64decode(b"".join(given).strip()).decode("latin-1")
        yield text
        if request.path.startswith(TOKENS):  # names and secrets of clients are percent-encoded there (RFC 6749, 2.3.1)
            yield unquote_plus(text)


def _texts(values: QueryDict) -> list[str]:
    return [text for name, given in values.lists() for text in (name, *map(str, given))]
