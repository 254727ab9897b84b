"""Addresses of the hub's pages and API."""

from django.contrib import admin
from django.urls import include, path

handler400 = "hub.problems.bad_request"
handler404 = "hub.problems.not_found"
handler500 = "hub.problems.server_error"
urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("routes.api.urls")),
]
