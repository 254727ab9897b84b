"""What tests of the hub share."""

import pytest
from django.conf import settings


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers answer that serve every lane; in a test run there are none."""
    served = {"worker-1@here": [{"name": lane} for lane in settings.LANES]}
    monkeypatch.setattr("celery.app.control.Inspect.active_queues", lambda self: served)
