"""The administration as a part of the hub: opened by roles, under the hub's own navigation and search."""

from django.http import HttpRequest
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite

from governance.rights import opens_administration

LEFT_OUT = ("search", "view_on_site")


class Site(UnfoldAdminSite):  # type: ignore[misc]  # unfold carries no types
    """The library's site without its own list of pages and its own search: `hub.navigation` serves every page."""

    index_title = "Administration"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in those whose roles have work here, and those whose account says so."""
        return opens_administration(request.user)

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the administration but the library's search and its ways from rows to their pages."""
        return [each for each in super().get_urls() if getattr(each, "name", "") not in LEFT_OUT]
