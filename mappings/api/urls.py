"""Addresses of tables, cross-references and mappings in the API."""

from django.urls import path

from mappings.api.mappings import MappingDoor, MappingsDoor, StartsDoor
from mappings.api.table_deletions import DeletionApprovalsDoor, DeletionRefusalsDoor, DeletionsDoor
from mappings.api.tables import (
    CrossReferencesDoor,
    RowApprovalsDoor,
    RowRefusalsDoor,
    RowsDoor,
    RowWithdrawalsDoor,
    TablesDoor,
)
from mappings.api.unlinking import UnlinksDoor
from mappings.api.versions import STEPS, VersionDoor, VersionsDoor, door_of

PLACE = "api/process/v1/"
ROWS = f"{PLACE}tables/<int:id>/rows"
VERSIONS = f"{PLACE}mappings/<str:key>/versions"
urlpatterns = [
    path(f"{PLACE}tables", TablesDoor.as_view(), name="api-tables"),
    path(ROWS, RowsDoor.as_view(), name="api-rows"),
    path(f"{PLACE}tables/<int:id>/row-approvals", RowApprovalsDoor.as_view(), name="api-table-row-approvals"),
    path(f"{PLACE}tables/<int:id>/row-refusals", RowRefusalsDoor.as_view(), name="api-table-row-refusals"),
    path(f"{PLACE}tables/<int:id>/row-withdrawals", RowWithdrawalsDoor.as_view(), name="api-table-row-withdrawals"),
    path(f"{PLACE}tables/<int:id>/deletions", DeletionsDoor.as_view(), name="api-table-deletions"),
    path(
        f"{PLACE}tables/<int:id>/deletion-approvals",
        DeletionApprovalsDoor.as_view(),
        name="api-table-deletion-approvals",
    ),
    path(
        f"{PLACE}tables/<int:id>/deletion-refusals", DeletionRefusalsDoor.as_view(), name="api-table-deletion-refusals"
    ),
    path(f"{PLACE}cross-references", CrossReferencesDoor.as_view(), name="api-cross-references"),
    path(f"{PLACE}cross-reference-removals", UnlinksDoor.as_view(), name="api-cross-reference-removals"),
    path(f"{PLACE}mappings", MappingsDoor.as_view(), name="api-mappings"),
    path(f"{PLACE}mapping-starts", StartsDoor.as_view(), name="api-mapping-starts"),
    path(f"{PLACE}mappings/<str:key>", MappingDoor.as_view(), name="api-mapping"),
    path(VERSIONS, VersionsDoor.as_view(), name="api-versions"),
    path(f"{VERSIONS}/<int:number>", VersionDoor.as_view(), name="api-version"),
    *(
        path(f"{VERSIONS}/<int:number>/{step.name}", door_of(step).as_view(), name=f"api-version-{step.name}")
        for step in STEPS
    ),
]
