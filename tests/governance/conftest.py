"""People of the tests of governance, and an operator's browser."""

from typing import Any

import pytest

# Whatever imports Django's settings is imported inside the fixtures: this file is read before Django is set up.


@pytest.fixture
def ingrid(db: None) -> Any:
    """Return who edits configuration in all companies."""
    from governance.rights import Role
    from tests.governance.people import person

    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def clara(db: None) -> Any:
    """Return who approves in all companies."""
    from governance.rights import Role
    from tests.governance.people import person

    return person("Clara Voss", Role.CONTROLLER)


@pytest.fixture
def operator(db: None) -> Any:
    """Return the browser of an operator who comes into the administration."""
    from django.test import Client

    from governance.rights import Role
    from tests.governance.people import person

    client = Client()
    client.force_login(person("Olga Petrenko", Role.OPERATOR, None, is_staff=True))
    return client
