"""A connection with records keeps its account: another one's records of the same numbers would be taken for them."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from connectors.connection_form import PREFIX, form_for
from connectors.models import Connection
from connectors.registry import registry
from tests.routes.world import World, entry

Make = Callable[..., World]
ANSWERS = {"account": "1463201", "contact": "integration@halden-partner.example"}


def harvest(slug: str) -> Connection:
    """Make a connection of the world one to Harvest, and return it."""
    of = Connection.objects.filter(slug=slug)
    of.update(connector="harvest", answers=ANSWERS)
    row = of.get()
    row.secrets = {"token": "a-token-of-harvest"}
    row.save()
    return row


def refused(row: Connection, **answers: str) -> dict[str, list[str]]:
    row.answers = {**ANSWERS, **answers}
    return row.answer_problems(registry.connector("harvest").manifest)


@pytest.mark.parametrize("slug", ["time", "ledger"])
def test_account_stays_once_there_are_records(quick_world: Make, slug: str) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    row = harvest(slug)
    problems = refused(row, account="999")
    assert list(problems) == ["account"]
    assert "Make a new connection for the other account" in problems["account"][0]
    with pytest.raises(ValidationError, match="Account number: Records were read from this account"):
        row.full_clean()
    assert refused(row) == {}
    assert refused(row, address="https://proxy.acme.example/harvest", contact="other@acme.example") == {}


@pytest.mark.parametrize("slug", ["time", "ledger"])
def test_account_may_change_while_there_are_none(quick_world: Make, slug: str) -> None:
    quick_world()
    assert refused(harvest(slug), account="999") == {}


def test_each_shipped_connector_says_what_names_its_account() -> None:
    named = {
        name: {each.name for each in connector.manifest.questions if each.account}
        for name, connector in registry.connectors.items()
        if name in ("harvest", "netsuite", "tryton")
    }
    assert named == {"harvest": {"account"}, "netsuite": {"account"}, "tryton": {"database", "company"}}


def test_form_says_so_beside_the_question(quick_world: Make) -> None:
    quick_world().take_in(entry(1))
    row = harvest("time")
    typed = {f"{PREFIX}{name}": value for name, value in {**ANSWERS, "account": "999"}.items()}
    plain = {"name": "Time", "slug": "time", "connector": "harvest", "environment": "sandbox", "concurrency": "8"}
    form = form_for("harvest")({**plain, **typed, "legal_entity": row.legal_entity_id}, instance=row)
    assert not form.is_valid()
    assert set(form.errors) == {f"{PREFIX}account"}
    assert "are known by their numbers there" in str(form.errors[f"{PREFIX}account"])
