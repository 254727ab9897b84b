"""Programs load what they need: workers and the clock start without the pages and without the engine of calls."""

import json
import subprocess
import sys
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core import checks

from hub.administration import _check_pages
from routes.models import Route
from tests.processes import ROOT, environment

HEAVY = ("hub.urls", "routes.admin", "unfold.admin", "rest_framework.serializers", "drf_spectacular.openapi",
         "aiohttp", "holidays", "opentelemetry.sdk.trace")  # fmt: skip
LOAD = f"""
import json, sys
from hub.celery import app
app.loader.import_default_modules()
print(json.dumps([sorted(app.tasks), [each for each in {HEAVY} if each in sys.modules]]))
"""


def test_worker_knows_its_tasks_and_loads_no_page_and_no_engine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    tasks, loaded = json.loads(done.stdout)
    assert {"routes.tasks.sweep", "exceptions_queue.tasks.sweep", "hub.tasks.publish_due"} <= set(tasks)
    assert loaded == []


def test_checks_look_at_every_page_of_the_administration(monkeypatch: pytest.MonkeyPatch) -> None:
    import hub.urls  # noqa: F401 - the pages that the check is to find

    shown: Any = admin.site._registry[Route]
    monkeypatch.setattr(shown, "list_display", ("no_such_thing",))

    found = _check_pages(list(apps.get_app_configs()))

    assert [(each.id, each.obj) for each in found] == [("admin.E108", type(shown))]
    assert _check_pages in checks.registry.registry.registered_checks
