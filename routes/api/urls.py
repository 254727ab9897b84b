"""Addresses of the switchboard's HTTP doors."""

from django.urls import path

from routes.api.deliveries import DeliveriesDoor, DeliveryDoor, DropsDoor, RedeliveriesDoor
from routes.api.hooks import webhook
from routes.api.pauses import PausesDoor, ProbesDoor, ReleasesDoor
from routes.api.previews import PreviewsDoor
from routes.api.runs import RouteDoor, RouteRunsDoor, RoutesDoor, RunsDoor
from routes.api.subscriptions import (
    SubscriptionDoor,
    SubscriptionPausesDoor,
    SubscriptionRedeliveriesDoor,
    SubscriptionReleasesDoor,
    SubscriptionsDoor,
    SubscriptionSecretsDoor,
    SubscriptionTestsDoor,
)
from routes.api.views import EventDoor, EventsDoor

CONNECTION = "api/system/v1/connections/<slug:slug>"
SUBSCRIPTIONS, DELIVERIES = "api/process/v1/subscriptions", "api/process/v1/deliveries"
DEEDS = (
    ("pauses", SubscriptionPausesDoor), ("releases", SubscriptionReleasesDoor), ("secrets", SubscriptionSecretsDoor),
    ("tests", SubscriptionTestsDoor), ("redeliveries", SubscriptionRedeliveriesDoor),
)  # fmt: skip
urlpatterns = [
    path("api/process/v1/routes/<slug:slug>/events", EventsDoor.as_view(), name="events"),
    path("api/process/v1/events/<uuid:id>", EventDoor.as_view(), name="event"),
    path("api/process/v1/routes", RoutesDoor.as_view(), name="api-routes"),
    path("api/process/v1/routes/<slug:slug>", RouteDoor.as_view(), name="api-route"),
    path("api/process/v1/routes/<slug:slug>/runs", RouteRunsDoor.as_view(), name="api-route-runs"),
    path("api/process/v1/routes/<slug:slug>/previews", PreviewsDoor.as_view(), name="api-route-previews"),
    path("api/process/v1/runs", RunsDoor.as_view(), name="api-runs"),
    path(f"{CONNECTION}/pauses", PausesDoor.as_view(), name="api-pauses"),
    path(f"{CONNECTION}/releases", ReleasesDoor.as_view(), name="api-releases"),
    path(f"{CONNECTION}/probes", ProbesDoor.as_view(), name="api-connection-probes"),
    path(SUBSCRIPTIONS, SubscriptionsDoor.as_view(), name="api-subscriptions"),
    path(f"{SUBSCRIPTIONS}/<int:id>", SubscriptionDoor.as_view(), name="api-subscription"),
    *(
        path(f"{SUBSCRIPTIONS}/<int:id>/{name}", door.as_view(), name=f"api-subscription-{name}")
        for name, door in DEEDS
    ),
    path(DELIVERIES, DeliveriesDoor.as_view(), name="api-deliveries"),
    path(f"{DELIVERIES}/<int:id>", DeliveryDoor.as_view(), name="api-delivery"),
    path(f"{DELIVERIES}/<int:id>/redeliveries", RedeliveriesDoor.as_view(), name="api-redeliveries"),
    path(f"{DELIVERIES}/<int:id>/drops", DropsDoor.as_view(), name="api-drops"),
    path("hooks/<slug:slug>/<slug:stream>", webhook, name="webhook"),
]
