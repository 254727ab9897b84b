"""What became of a list while somebody looks at it: asked for every few seconds, and only while its page is seen."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from exceptions_queue import stake, views
from exceptions_queue.pages import items
from exceptions_queue.pages.asked import asked_of, looked_for
from exceptions_queue.pages.door import page, person
from exceptions_queue.query import compiled, counting

SHOWN = re.compile(r"(\d{1,18}):([0-9a-f]{8})", re.ASCII)
MOST = 200  # lines that a page may say it shows; it shows fifty


@page
def news(request: HttpRequest) -> HttpResponse:
    """Tell how many lines are new, gone or changed since a page was made, with the changed ones as they are now.

    `shown` is what the page shows: numbers with their stamps. Thirty queries at most, whatever has changed.
    """
    user = person(request)
    asked = looked_for(asked_of(request, user), user)
    if asked.found.wrong:
        return HttpResponse(status=204)
    shown = {int(number): stamp for number, stamp in SHOWN.findall(request.GET.get("shown", ""))[:MOST]}
    found, _ = items.page_of(asked, user, request.GET.get("after", ""))
    here = {item.number for item in found}
    further = [number for number in shown if number not in here]
    if further:  # pushed to another page by what came, or no longer of this list
        left = compiled.narrowed(asked.found, user).filter(pk__in=further)
        found += left.select_related("legal_entity", "connection").prefetch_related("amounts")
    chosen = views.columns_of(user, asked.view)
    rows = items.rows_of(found, user, drawn=chosen)
    still = {row.item.number for row in rows}
    changed = [row for row in rows if row.item.number in shown and shown[row.item.number] != row.stamp]
    return render(
        request,
        "queue/news.html",
        {
            "new": len(here - shown.keys()),
            "gone": len(shown.keys() - still),
            "changed": changed,
            "stake": stake.stake(asked.found, user),
            "facets": counting.always(asked.found, user, timezone.now()),
            "list_columns": chosen,
            "asked": asked,
        },
    )
