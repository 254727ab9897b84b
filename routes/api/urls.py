"""Addresses of the switchboard's HTTP doors."""

from django.urls import path

from routes.api.hooks import webhook
from routes.api.views import EventDoor, EventsDoor

urlpatterns = [
    path("api/process/v1/routes/<slug:slug>/events", EventsDoor.as_view(), name="events"),
    path("api/process/v1/events/<uuid:id>", EventDoor.as_view(), name="event"),
    path("hooks/<slug:slug>/<slug:stream>", webhook, name="webhook"),
]
