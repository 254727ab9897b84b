"""The admin of lookup tables and mappings. Rows never change: they are proposed and approved by the tables' verbs."""

from typing import Any

from django.contrib import admin

from governance.roles import Right
from governance.scoped_admin import ScopedAdmin
from mappings.mapping_admin import MappingActions
from mappings.models import CrossReference, LookupTable, Mapping, TableRow
from mappings.row_admin import RowActions, TableActions


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


@admin.register(TableRow)
class TableRowAdmin(RowActions, LookOnly, ScopedAdmin):
    """Rows, those of the past and those that wait for approval included; a change is a new row."""

    list_display = ("table", "key", "valid_from", "valid_to", "approved_at", "recorded_to")
    list_filter = ("table",)
    exclude = ("key_hash",)
    show_full_result_count = False


@admin.register(Mapping)
class MappingAdmin(MappingActions, LookOnly, ScopedAdmin):
    """Mappings by name; their content lies in versions."""

    list_display = ("title", "key", "source", "target", "legal_entity", "shipped")
    list_filter = ("shipped", "legal_entity")
    search_fields = ("key", "title")


@admin.register(CrossReference)
class CrossReferenceAdmin(LookOnly, ScopedAdmin):
    """Which id in one system is which record of ours."""

    right_to_view = Right.SEE_TECHNICAL
    list_display = ("entity", "canonical_key", "external_id", "reference", "connection_id", "recorded_at")
    list_filter = ("entity",)
    search_fields = ("canonical_key", "external_id")
    show_full_result_count = False
