"""The world of the routes' tests, which the firm of these tests is made of."""

from typing import Any

import pytest

from tests.routes.conftest import quick_world

__all__ = ["quick_world"]


@pytest.fixture
def firm(quick_world: Any, settings: Any, tmp_path: Any) -> Any:
    """Return the firm, made once for each test that goes through the whole matrix."""
    from tests.rights.firm import make

    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    return make(quick_world())
