"""Addresses of the pages of lookup tables and cross-references."""

from django.urls import path

from hub.table_pages import definition, deleting, pages, references, rows

app_name = "tables"
urlpatterns = [
    path("tables/", pages.tables, name="tables"),
    path("tables/new/", definition.new, name="new"),
    path("tables/<int:pk>/", pages.table, name="table"),
    path("tables/<int:pk>/definition/", definition.definition, name="definition"),
    path("tables/<int:pk>/agreements/", rows.agree, name="agree"),
    path("tables/<int:pk>/deletions/", deleting.deletion, name="deletion"),
    path("tables/<int:pk>/deletion-approvals/", deleting.agreement, name="deletion-approval"),
    path("tables/<int:pk>/deletion-refusals/", deleting.keeping, name="deletion-refusal"),
    path("tables/<int:pk>/rows/", rows.add, name="add"),
    path("tables/<int:pk>/sheets/", rows.sheet, name="sheet"),
    path("tables/<int:pk>/rows/<int:row>/<slug:name>/", rows.change, name="change"),
    path("cross-references/", references.references, name="references"),
    path("cross-references/new/", references.reference, name="reference"),
    path("cross-references/<int:pk>/removals/", references.removal, name="reference-removal"),
]
