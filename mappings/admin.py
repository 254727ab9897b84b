"""The admin of lookup tables keeps their histories and leads to our own pages; cross-references are looked at here.

Rows of tables and mappings are not here at all: they are made and changed on pages of ours.
"""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from unfold.paginator import InfinitePaginator

from canonical.entities import ENTITIES
from connectors.models import Connection
from governance.columns import headed
from governance.models import User
from governance.roles import Right
from governance.scoped_admin import ScopedAdmin
from mappings import discreet
from mappings.differences import label
from mappings.models import CrossReference, LookupTable

KEPT = ("changelist", "change", "history")  # its addresses


class LookOnly:
    """Shows rows; they are written by verbs elsewhere."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(LookupTable)
class LookupTableAdmin(LookOnly, ScopedAdmin):
    """Tables: who changed what of one and when. Its list and its page are ours, which ask their rights themselves."""

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses that are kept."""
        return [each for each in super().get_urls() if str(each.name or "").endswith(KEPT)]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the deleted ones, too: their histories stay readable."""
        return LookupTable.ever.visible_to(cast(User, request.user), self.right_to_view)

    def changelist_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Lead to our list."""
        return redirect("tables:tables")

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *_: Any, **__: Any) -> HttpResponse:
        """Lead to the table as a grid."""
        table = self.get_object(request, unquote(object_id or ""))
        if table is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id or "")
        return redirect("tables:table", pk=table.pk)


class KindFilter(admin.SimpleListFilter):
    """Filters by the kind of record."""

    title, parameter_name = "kind of record", "entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the hub's kinds of records."""
        return [(name, label(name)) for name in ENTITIES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return those of the chosen kind."""
        return queryset.filter(entity=self.value()) if self.value() else queryset


@admin.register(CrossReference)
class CrossReferenceAdmin(LookOnly, ScopedAdmin):
    """Which id in one system is which record of ours."""

    right_to_view = Right.SEE_TECHNICAL
    list_display = ("kind", "our_key", "their_id", "their_number", "system", "noted")
    list_filter = (KindFilter,)
    our_key = headed("canonical_key", "Our key", sorts=False)
    their_id = headed("external_id", "Id there", sorts=False)
    their_number, noted = headed("reference", "Number there", sorts=False), headed("recorded_at", "Noted")
    search_fields = ("canonical_key", "external_id")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what the person may see, with the name of the connection of each."""
        named = Connection.objects.filter(pk=OuterRef("connection_id")).values("name")[:1]
        return super().get_queryset(request).annotate(connection=Subquery(named))

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return a reference as the person may read it."""
        found = super().get_object(request, *args, **kwargs)
        return found and discreet.references_shown([found], cast(User, request.user))[0]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Return the references that go by what was typed; by a person's address those that tell it to who asks."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        if text := search_term.strip():
            found = discreet.found_by_what_is_read(found, text, self.search_fields, cast(User, request.user))
        return found, doubled

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return a page of references as the person may read them."""
        found = super().get_changelist_instance(request)
        found.result_list = discreet.references_shown(found.result_list, cast(User, request.user))
        return found

    @admin.display(description="Kind of record", ordering="entity")
    def kind(self, row: CrossReference) -> str:
        """Return in words what the key is one of."""
        return label(row.entity)

    @admin.display(description="System", ordering="connection_id")
    def system(self, row: Any) -> str:
        """Return the connection's name; it may be gone, as what is known of its records outlives it."""
        return row.connection or "A former connection"
