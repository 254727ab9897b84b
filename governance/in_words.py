"""Answers of the administration in one commit, and what is refused in words."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.made_twice import looked_again
from governance.rights import NotAllowed
from governance.still_there import Gone


def in_words(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return what a view answers, in one commit; where a verb refuses, nothing of it and the page that says why."""
    try:
        return looked_again(transaction.atomic(view))
    except NotAllowed as refused:
        return render(request, "403.html", {"message": str(refused)}, status=403)
    except Gone as refused:
        return render(request, "404.html", {"message": str(refused)}, status=404)
