"""Addresses of the hub's pages and API."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from hub.api import pages as api
from hub.passwords import OwnPassword, vouchers

admin.autodiscover()  # here and not at the start of every program (see hub.administration)

handler400 = "hub.problems.bad_request"
handler404 = "hub.problems.not_found"
handler500 = "hub.problems.server_error"
urlpatterns = [
    path("admin/password_change/", RedirectView.as_view(pattern_name="own-password")),  # one page, one audit entry
    path("", include("hub.sign_in.urls")),  # before the administration, which has no sign-in of its own
    path("admin/", admin.site.urls),
    path("password/", OwnPassword.as_view(), name="own-password"),
    path("vouchers/", vouchers, name="vouchers"),
    path("oauth/", include("hub.api.sign_in")),
    path("api/", api.explorer, name="api"),
    path("api/openapi.json", api.document_json, name="api-json"),
    path("api/openapi.yaml", api.document_yaml, name="api-yaml"),
    path("api/schemas/<slug:entity>.json", api.schema, name="api-schema"),
    path("", include("exceptions_queue.urls")),
    path("", include("hub.pages.urls")),
    path("changes/", include("hub.changes.urls")),
    path("mappings/", include("hub.mapping_pages.urls")),
    path("", include("hub.table_pages.urls")),
    path("", include("exceptions_queue.api.urls")),
    path("", include("routes.api.urls")),
    path("", include("mappings.api.urls")),
    path("", include("connectors.api.urls")),
    path("", include("hub.api.urls")),
]
