"""The world of the routes' tests, and the people who act in it."""

from dataclasses import dataclass

import pytest

from tests.routes.conftest import billing, make_world, quick_world

__all__ = ["billing", "make_world", "quick_staff", "quick_world", "staff"]


@dataclass
class Staff:
    """The firm's people, each with the role of the demonstration, in the German company unless it says otherwise."""

    farid: object  # finance in Germany
    clara: object  # controller everywhere
    viktor: object  # viewer in Germany
    ingrid: object  # integration admin everywhere
    olga: object  # operator everywhere
    stranger: object  # finance in Britain


@pytest.fixture
def staff(transactional_db: None) -> Staff:
    """Return the staff, in rows that are really committed."""
    return _people()


@pytest.fixture
def quick_staff(db: None) -> Staff:
    """Return the staff inside one transaction that is rolled back, for a `quick_world`."""
    return _people()


def _people() -> Staff:
    from governance.rights import Role  # the first conftest to load is read before Django's settings are
    from tests.governance.people import company, person

    germany, britain = company("HP-DE"), company("HP-GB")
    return Staff(
        person("Farid Amini", Role.FINANCE, germany),
        person("Clara Voss", Role.CONTROLLER),
        person("Viktor Lang", Role.VIEWER, germany),
        person("Ingrid Solheim", Role.INTEGRATION_ADMIN),
        person("Olga Petrenko", Role.OPERATOR),
        person("Grace Field", Role.FINANCE, britain),
    )
