"""Deletes in the administration only what whoever confirms it has seen: not what somebody has changed since.

The page that asks carries a mark of what it would delete, as a form carries that of what it would overwrite. What came
back with another one, or with none, is asked about again.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict

from governance.in_words import in_words
from governance.row_numbers import names_a_row
from governance.seen import SEEN, changed_meanwhile, fingerprint, hold

ASK_ANEW = "Nothing is deleted yet: what was sent does not say what its page has shown. Look, and confirm it here."
SEVERAL = "Nothing is deleted yet: some of these have been changed or deleted meanwhile. Look, and confirm it anew."


class CarefulDeletion:
    """Asks again where what is to be deleted is not what was shown. Stands before the administration's own class."""

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> HttpResponse:
        """Delete a row, or ask first; what a verb refuses is said in words."""
        return in_words(request, lambda: self._delete_shown(request, object_id, *args, **more))

    def _delete_shown(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> HttpResponse:
        shown: Any = self
        row, sent = shown.get_object(request, unquote(object_id)), request.method == "POST"
        if row is not None:
            if sent:
                hold(row)
            mark = self._mark(request, [row])
            if sent and (given := request.POST.get(SEEN)) != mark:
                messages.error(request, changed_meanwhile(row) if given else ASK_ANEW)
                request.POST = QueryDict()  # as if it was only asked for
            request.deletion_mark = mark  # type: ignore[attr-defined]  # for the page
        return super().delete_view(request, object_id, *args, **more)  # type: ignore[misc,no-any-return]

    def changelist_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Show the list; of what is ticked in it to be deleted, ask first, and say in words what is refused."""
        return in_words(request, lambda: self._listed(request, *args, **more))

    def _listed(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        self._drop_odd(request)
        if request.method == "POST" and request.POST.get("action") == "delete_selected":
            sent = "post" in request.POST
            rows = self._ticked(request)
            for row in rows if sent else ():
                hold(row)
            mark = self._mark(request, rows)
            everything = request.POST.get("select_across") == "1"  # which no page that asks sends
            if sent and (request.POST.get(SEEN) != mark or everything):
                messages.error(request, SEVERAL if request.POST.get(SEEN) else ASK_ANEW)
                data = request.POST.copy()
                del data["post"]
                request.POST = data  # type: ignore[assignment]
            request.deletion_mark = mark  # type: ignore[attr-defined]
        return super().changelist_view(request, *args, **more)  # type: ignore[misc,no-any-return]

    def _drop_odd(self, request: HttpRequest) -> None:
        """Take out of what is ticked whatever is the key of no row, at which the library would stop."""
        shown: Any = self
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        keys = [each for each in ticked if names_a_row(shown.model, each)]
        if len(keys) < len(ticked):
            data = request.POST.copy()
            data.setlist(ACTION_CHECKBOX_NAME, keys)
            request.POST = data  # type: ignore[assignment]

    def _ticked(self, request: HttpRequest) -> list[models.Model]:
        shown: Any = self
        rows = shown.get_queryset(request).filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
        return list(rows.order_by("pk"))

    def _mark(self, request: HttpRequest, rows: Iterable[models.Model]) -> str:
        """Return the mark of rows: of what their forms edit, or of all that they hold where none does."""
        shown: Any = self
        told = []
        for row in rows:
            edited = getattr(shown.get_form(request, row, change=True), "edited", ())
            names = edited or [each.name for each in row._meta.concrete_fields]
            told.append(fingerprint(row, names, shown._beside(request, row)))
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:24]
