"""The worlds of the pipeline's own tests, and real workers beside them."""

from tests.routes.conftest import make_world, quick_world  # noqa: F401 - fixtures of the tests here
