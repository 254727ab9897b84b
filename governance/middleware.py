"""Says once per request through which door a person came in, so that audit entries carry it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from governance.audit import through

DOORS = (("/admin/", "admin"), ("/api/", "api"))  # everything else is a page


def channel_of_request(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let every audit entry of the request know its channel."""

    def middleware(request: HttpRequest) -> HttpResponse:
        channel = next((name for path, name in DOORS if request.path.startswith(path)), "page")
        with through(channel):
            return respond(request)

    return middleware
