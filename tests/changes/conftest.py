"""The firm of these tests: the intake's, with Ingrid, Iris and Clara, and a company that asks for a second person."""

from typing import Any

import pytest

from tests.intake.conftest import firm, make_firm

__all__ = ["firm", "make_firm"]


def _staff(name: str, role: str) -> Any:
    from governance.rights import Role
    from tests.governance.people import company, person

    return person(name, Role(role), company("HP-DE"), is_staff=True)


@pytest.fixture
def ingrid(firm: Any) -> Any:
    """Return an integration admin, who works for another company than the firm's Ingrid."""
    firm.ingrid.username = "ingrid-gb"
    firm.ingrid.save()
    return _staff("Ingrid Solheim", "integration_admin")


@pytest.fixture
def iris(firm: Any) -> Any:
    """Return another integration admin."""
    return _staff("Iris Berg", "integration_admin")


@pytest.fixture
def clara(firm: Any) -> Any:
    """Return the controller."""
    return _staff("Clara Voss", "controller")


@pytest.fixture
def asking(firm: Any) -> Any:
    """Return the German company, where changes need a second person."""
    from tests.governance.people import company

    germany = company("HP-DE")
    germany.second_person = True
    germany.save()
    return germany
