"""The world of the routes' tests, its people, and clients of the API in all the ways to sign in."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.exceptions_queue.conftest import Staff, staff
from tests.routes.conftest import make_world, quick_world

__all__ = ["Staff", "make_world", "quick_world", "staff"]


@pytest.fixture
def token(transactional_db: None) -> Callable[..., str]:
    """Return a maker of tokens: for a user, through the client-credentials grant, with the scopes that are named."""

    def make(user: Any, *scopes: str, most: tuple[str, ...] | None = None) -> str:
        from tests.api.signing import token_of

        return token_of(user, *scopes, most=most)

    return make
