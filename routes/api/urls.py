"""Addresses of the switchboard's HTTP doors."""

from django.urls import path

from routes.api.hooks import webhook
from routes.api.runs import RouteDoor, RouteRunsDoor, RoutesDoor, RunsDoor
from routes.api.views import EventDoor, EventsDoor

urlpatterns = [
    path("api/process/v1/routes/<slug:slug>/events", EventsDoor.as_view(), name="events"),
    path("api/process/v1/events/<uuid:id>", EventDoor.as_view(), name="event"),
    path("api/process/v1/routes", RoutesDoor.as_view(), name="api-routes"),
    path("api/process/v1/routes/<slug:slug>", RouteDoor.as_view(), name="api-route"),
    path("api/process/v1/routes/<slug:slug>/runs", RouteRunsDoor.as_view(), name="api-route-runs"),
    path("api/process/v1/runs", RunsDoor.as_view(), name="api-runs"),
    path("hooks/<slug:slug>/<slug:stream>", webhook, name="webhook"),
]
