"""Addresses of the shell's own pages."""

from django.urls import path

from hub.pages import connections, deliveries, gallery, lanes

app_name = "hub"
urlpatterns = [
    path("connections/", connections.connections, name="connections"),
    path("connections/<slug:slug>/", connections.connection, name="connection"),
    path("connections/<slug:slug>/pauses/", connections.pause, name="pause"),
    path("connections/<slug:slug>/releases/", connections.resume, name="resume"),
    path("connections/<slug:slug>/probes/", connections.probe, name="probe"),
    path("lanes/", lanes.lanes, name="lanes"),
    path("lanes/workers/", lanes.workers, name="workers"),
    path("events-out/", deliveries.deliveries, name="deliveries"),
    path("events-out/<int:delivery>/", deliveries.delivery, name="delivery"),
    path("events-out/<int:delivery>/redeliveries/", deliveries.send_again, name="redelivery"),
    path("events-out/<int:delivery>/drops/", deliveries.drop, name="drop"),
    path("gallery/", gallery.gallery, name="gallery"),
]
