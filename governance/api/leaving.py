"""Operations on their way out: told in every answer since when, until when and what to use instead."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.utils.http import http_date

GUIDE = "/api/"  # the page to browse the API, which marks them, too


@dataclass(frozen=True, slots=True)
class Leaving:
    """When an operation was declared to be on its way out, when it ends, and what does the same."""

    since: datetime
    until: datetime
    instead: str  # address


def mark(answer: HttpResponse, leaving: Leaving) -> HttpResponse:
    """Tell it in an answer: Deprecation (RFC 9745), Sunset (RFC 8594) and Link."""
    answer["Deprecation"] = f"@{leaving.since.timestamp():.0f}"
    answer["Sunset"] = http_date(leaving.until.timestamp())
    links = [f'<{leaving.instead}>; rel="successor-version"', f'<{GUIDE}>; rel="deprecation"; type="text/html"']
    answer["Link"] = ", ".join([*([answer["Link"]] if "Link" in answer else []), *links])
    return answer
