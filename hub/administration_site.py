"""The administration as a part of the hub: opened by roles, under the hub's own navigation and search."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite

from governance.rights import opens_administration
from governance.row_numbers import names_a_row

LEFT_OUT = ("search", "view_on_site")


class Site(UnfoldAdminSite):  # type: ignore[misc]  # unfold carries no types
    """The library's site without its own list of pages and its own search: `hub.navigation` serves every page."""

    index_title = "Administration"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in those whose roles have work here, and those whose account says so."""
        return opens_administration(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Return a page of the administration, which is asked only for what can be a row."""
        return super().admin_view(_of_a_row(view), cacheable)  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the administration but the library's search and its ways from rows to their pages."""
        return [each for each in super().get_urls() if getattr(each, "name", "") not in LEFT_OUT]


def _of_a_row(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view that says that a row is not there where the text in the address can be the key of none.

    The pages of a row ask for it by that text, some of them before the library does, and the database takes numbers.
    """
    of_model = getattr(view, "__self__", None)
    if not isinstance(of_model, ModelAdmin):
        return view
    shown: Any = of_model

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        key = named.get("object_id", named.get("id"))
        if key is not None and not names_a_row(shown.model, unquote(str(key))):
            return shown._get_obj_does_not_exist_redirect(request, shown.opts, key)  # type: ignore[no-any-return]
        return view(request, *args, **named)  # type: ignore[no-any-return]

    return asked
