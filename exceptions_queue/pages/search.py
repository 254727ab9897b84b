"""Finding things from anywhere by the keys and names that people have in hand."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from exceptions_queue import search as finding
from exceptions_queue.pages.door import context, page, person
from governance.scoping import grants_read_once


@page
def search(request: HttpRequest) -> HttpResponse:
    """Show what goes by the words that were typed."""
    text, found, refused = request.GET.get("q", ""), None, ""
    if text.strip():
        try:
            with grants_read_once():
                found = finding.find(text, person(request))
        except ValueError as error:
            refused = str(error)
    return render(request, "queue/search.html", context("search", text=text, found=found, refused=refused))
