"""Addresses of configuration, and of trying it, in the API."""

from django.urls import path

from hub.api import change_trials, changes
from hub.api.configuration import EXAMPLES, doors
from hub.api.routing_trials import RoutingTrialsDoor
from hub.api.trials import SamplesDoor, TrialsDoor

CHANGES = "api/system/v1/configuration/changes"
MAPPING = "api/process/v1/mappings/<str:key>"
urlpatterns = [
    path(f"{MAPPING}/samples", SamplesDoor.as_view(), name="api-mapping-samples"),
    path(f"{MAPPING}/trials", TrialsDoor.as_view(), name="api-mapping-trials"),
    path("api/experience/v1/routing-rule-trials", RoutingTrialsDoor.as_view(), name="api-routing-rule-trials"),
    path(CHANGES, changes.ChangesDoor.as_view(), name="api-changes"),
    path(f"{CHANGES}/<uuid:pk>", changes.ChangeDoor.as_view(), name="api-change"),
    path(f"{CHANGES}/<uuid:pk>/tests", change_trials.ChangeTestsDoor.as_view(), name="api-change-tests"),
    path(f"{CHANGES}/<uuid:pk>/previews", change_trials.ChangePreviewsDoor.as_view(), name="api-change-previews"),
    *(
        path(f"{CHANGES}/<uuid:pk>/{step.name}", changes.door_of(step).as_view(), name=f"api-change-{step.name}")
        for step in changes.STEPS
    ),
    *(
        path(address, door.as_view(), name=f"api-configuration-{folder}{'' if many else '-one'}")
        for folder in EXAMPLES
        for many, address, door in zip(
            (True, False),
            (f"api/system/v1/configuration/{folder.replace('_', '-')}",
             f"api/system/v1/configuration/{folder.replace('_', '-')}/<path:name>"),
            doors(folder),
            strict=True,
        )
    ),
]  # fmt: skip
