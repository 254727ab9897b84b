"""Addresses of the mappings' pages."""

from django.urls import path

from hub.mapping_pages import beginning, editor, pages, steps, technical

app_name = "mappings"
urlpatterns = [
    path("", pages.mappings, name="mappings"),
    path("new/", beginning.new, name="new"),
    path("new/fields/", editor.new_draft, name="new-draft"),
    path("new/trials/", editor.new_preview, name="new-preview"),
    path("<int:pk>/", pages.mapping, name="mapping"),
    path("<int:pk>/draft/", editor.draft, name="draft"),
    path("<int:pk>/draft/trials/", editor.preview, name="preview"),
    path("<int:pk>/technical/", technical.technical, name="technical"),
    path("<int:pk>/versions/", steps.versions, name="versions"),
    path("<int:pk>/versions/<int:number>/<slug:name>/", steps.step, name="step"),
]
