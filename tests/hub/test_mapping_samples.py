"""Samples beside a mapping: whose numbers count for one that came through no connection."""

import pytest

from connectors.models import Connection
from governance.actor import ENGINE
from governance.models import LegalEntity
from governance.rights import Role
from mappings import cross_references, shipped
from mappings.cross_references import NewReference
from mappings.models import Mapping
from mappings.samples import samples_between
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
OURS, THEIRS = {"entity": "time_entry"}, {"system": "netsuite", "stream": "time_entries"}
NOBODY = "none is known here. Try it on a record of a route."


@pytest.fixture
def page() -> str:
    """Return the address of a mapping that asks for cross-references of its target."""
    shipped.install()
    return f"/mappings/{Mapping.objects.get(key='netsuite.time_entries').pk}/"


def netsuite(slug: str, place: LegalEntity, number: str) -> None:
    """Make a connection at which the worker of the connector's first sample has a number."""
    made = Connection.objects.create(slug=slug, name=slug, connector="netsuite", legal_entity=place)
    worker = samples_between(OURS, THEIRS, "netsuite.time_entries")[0]["worker_id"]
    cross_references.upsert([NewReference(made.pk, "worker", worker, number, place.pk)], by=ENGINE)


def test_sample_of_a_connector_has_the_numbers_of_a_connection_to_its_system(page: str) -> None:
    ingrid = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    germany = company("HP-DE")
    Connection.objects.create(slug="time", name="Time", connector="harvest", legal_entity=germany)
    assert NOBODY in text_of(ingrid.get(page)), "and nothing else is said to be wrong"

    netsuite("books", germany, "471100")

    words = text_of(ingrid.get(page))
    assert "471100" in words
    assert NOBODY not in words


def test_sample_has_no_numbers_of_a_connection_that_its_reader_does_not_see(page: str) -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    Mapping.objects.filter(key="netsuite.time_entries").update(legal_entity=germany)
    netsuite("theirs", britain, "471199")
    gerda = signed_in(person("Gerda Lang", Role.INTEGRATION_ADMIN, germany))

    words = text_of(gerda.get(page))
    assert "471199" not in words
    assert NOBODY in words
