"""The web process's entry."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from hub import standing_still

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
_pages = get_wsgi_application()
standing_still.end_after_a_lease()
_ = (
    get_resolver().url_patterns
)  # loads all pages before the workers are forked: once, and not with somebody's first request


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; who asks for the head alone is sent no body, which gunicorn would drop with a warning."""
    answer: Any = _pages(environ, start_response)
    if environ["REQUEST_METHOD"] != "HEAD":
        return answer  # type: ignore[no-any-return]
    if hasattr(answer, "close"):
        answer.close()
    return []
