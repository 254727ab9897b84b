"""What holds for every request: through which door a person came in, and that its texts can be texts."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

from governance.audit import through

DOORS = (("/admin/", "admin"), ("/api/", "api"))  # everything else is a page
BODIES_OF_THEIR_OWN = ("/api/", "/hooks/")  # read byte for byte by their views, which answer for what is in them
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def channel_of_request(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let every audit entry of the request know its channel."""

    def middleware(request: HttpRequest) -> HttpResponse:
        channel = next((name for path, name in DOORS if request.path.startswith(path)), "page")
        with through(channel):
            return respond(request)

    return middleware


class WithoutNul:
    """Refuses addresses, parameters and forms that hold the character NUL: no text of the database can hold it.

    Stands after the check of the form's token, which reads the form first.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; the question is asked when the view is known."""
        return self.respond(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Raise BadRequest, which becomes status 400 in words."""
        texts = [request.path, *_texts(request.GET)]
        if request.content_type in FORMS and not request.path.startswith(BODIES_OF_THEIR_OWN):
            texts += _texts(request.POST)
        if any("\x00" in text for text in texts):
            raise BadRequest("A value holds the character NUL, which is part of no text. Remove it and send it again.")


def _texts(values: QueryDict) -> list[str]:
    return [text for name, given in values.lists() for text in (name, *map(str, given))]
