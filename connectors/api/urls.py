"""Addresses of connections in the API."""

from django.urls import path

from connectors.api.connections import ConnectionDoor, ConnectionsDoor, StreamsDoor, TestsDoor

PLACE = "api/system/v1/connections"
urlpatterns = [
    path(PLACE, ConnectionsDoor.as_view(), name="api-connections"),
    path(f"{PLACE}/<slug:slug>", ConnectionDoor.as_view(), name="api-connection"),
    path(f"{PLACE}/<slug:slug>/streams", StreamsDoor.as_view(), name="api-streams"),
    path(f"{PLACE}/<slug:slug>/tests", TestsDoor.as_view(), name="api-tests"),
]
