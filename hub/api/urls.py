"""Addresses of configuration in the API."""

from django.urls import path

from hub.api.configuration import EXAMPLES, doors

urlpatterns = [
    path(address, door.as_view(), name=f"api-configuration-{folder}{'' if many else '-one'}")
    for folder in EXAMPLES
    for many, address, door in zip(
        (True, False),
        (f"api/system/v1/configuration/{folder.replace('_', '-')}",
         f"api/system/v1/configuration/{folder.replace('_', '-')}/<path:name>"),
        doors(folder),
        strict=True,
    )
]  # fmt: skip
