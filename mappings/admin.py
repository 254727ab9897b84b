"""The admin of lookup tables and mappings. Rows never change: they are proposed and approved by the tables' verbs."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.paginator import InfinitePaginator

from governance.actor import names
from governance.roles import Right
from governance.scoped_admin import ScopedAdmin
from mappings.mapping_admin import MappingActions
from mappings.models import CrossReference, LookupTable, Mapping, TableRow
from mappings.row_admin import RowActions, TableActions
from mappings.row_form import words_of


class LookOnly:
    """Shows rows; they are written by verbs elsewhere."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(LookupTable)
class LookupTableAdmin(TableActions, ScopedAdmin):
    """Tables: their columns, and when a row needs a second person."""

    list_display = ("title", "name", "legal_entity", "approval")
    list_filter = ("legal_entity", "approval")
    search_fields = ("name", "title")

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *_: Any, **__: Any) -> HttpResponse:
        """Lead to the page on which a table is made, or shown, column by column."""
        if object_id is None:
            return redirect("tables:new")
        table = self.get_object(request, unquote(object_id))
        if table is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect("tables:table", pk=table.pk)


@admin.register(TableRow)
class TableRowAdmin(RowActions, LookOnly, ScopedAdmin):
    """Rows, those of the past and those that wait for approval included; a change is a new row."""

    list_display = ("table", "key", "valid_from", "valid_to", "approved_at", "recorded_to")
    list_filter = ("table",)
    fields = (
        "table", "what_for", "gives", "valid_from", "valid_to", "proposed", "proposed_at", "approved", "approved_at",
        "recorded_from", "recorded_to", "ended", "reason",
    )  # fmt: skip
    readonly_fields = ("what_for", "gives", "proposed", "approved", "ended")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing

    @admin.display(description="For")
    def what_for(self, row: TableRow) -> str:
        """Tell the key by its columns."""
        return _in_words(dict(zip(row.table.key_columns, row.key, strict=False)))

    @admin.display(description="Gives")
    def gives(self, row: TableRow) -> str:
        """Tell the values by their columns."""
        return _in_words(row.values)

    @admin.display(description="Proposed by")
    def proposed(self, row: TableRow) -> str:
        """Name who proposed it."""
        return _named(row.proposed_by)

    @admin.display(description="Approved by")
    def approved(self, row: TableRow) -> str:
        """Name who approved it."""
        return _named(row.approved_by)

    @admin.display(description="Ended by")
    def ended(self, row: TableRow) -> str:
        """Name who replaced, withdrew or refused it."""
        return _named(row.ended_by)


@admin.register(Mapping)
class MappingAdmin(MappingActions, LookOnly, ScopedAdmin):
    """Mappings by name; their content lies in versions."""

    list_display = ("title", "key", "source", "target", "legal_entity", "shipped")
    list_filter = ("shipped", "legal_entity")
    search_fields = ("key", "title")
    has_add_permission = ScopedAdmin.has_add_permission

    def add_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Lead to the page on which a mapping begins as a table of fields."""
        return redirect("mappings:new")


@admin.register(CrossReference)
class CrossReferenceAdmin(LookOnly, ScopedAdmin):
    """Which id in one system is which record of ours."""

    right_to_view = Right.SEE_TECHNICAL
    list_display = ("entity", "canonical_key", "external_id", "reference", "connection_id", "recorded_at")
    list_filter = ("entity",)
    search_fields = ("canonical_key", "external_id")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing


def _in_words(values: dict[str, Any]) -> str:
    return ", ".join(f"{words_of(name)}: {value}" for name, value in values.items())


def _named(reference: str | None) -> str:
    return names([reference])[reference] if reference else "–"
