"""Configuration through the API where two send the same at once, and where a document is of no form at all."""

from typing import Any

import pytest

from governance.rights import Role
from hub.api import configuration, documents
from routes.models import Route
from tests.api.test_configuration import HARVEST, SECRET, asking
from tests.api.test_tokens import told
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
TABLE = configuration.EXAMPLES["tables"]
FRANCE = {"code": "HP-FR", "name": "Halden & Partner SARL", "country": "FR", "currency": "EUR"}
ROUTE = {
    "slug": "time", "name": "Time", "legal_entity": "HP-DE", "canonical_entity": "time_entry",
    "destinations": [{"name": "ERP"}],
}  # fmt: skip
ODD: tuple[Any, ...] = ({}, [], ["a"], None, 7, True)


@pytest.mark.parametrize(
    ("place", "sent"),
    [("connections", HARVEST | {"secrets": {"token": SECRET}}), ("tables", TABLE), ("legal-entities", FRANCE)],
)
def test_of_two_who_make_the_same_at_once_one_is_refused(
    place: str, sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    company("HP-DE")
    ask, waited = asking(person("Ingrid Solheim", Role.INTEGRATION_ADMIN)), []

    def somebody_is_quicker() -> None:
        """Stand for the lock, which is held until the other one's is made."""
        if not waited:
            waited.append(place)
            assert ask("post", place, sent).status_code == 201

    monkeypatch.setattr(configuration, "lock", somebody_is_quicker)
    monkeypatch.setattr(documents, "lock", somebody_is_quicker)
    told(ask("post", place, sent), 409, "not-possible")
    assert waited


@pytest.mark.parametrize("odd", ODD)
def test_name_of_a_destination_of_another_kind_is_told_at_its_place(odd: Any) -> None:
    company("HP-DE")
    ask = asking(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    Route.objects.create(slug="time", name="Time", legal_entity=company("HP-DE"), canonical_entity="time_entry")
    shown = ask("get", "routes/time")
    document = shown.json() | {"destinations": [{"name": odd}]}
    for method, place, body, more, before in (
        ("put", "routes/time", document, {"If_Match": shown["ETag"]}, ""),
        ("post", "routes", document | {"slug": "other"}, {}, ""),
        ("post", "changes", {"kind": "route", "document": document}, {}, "/document"),
    ):
        wrong = told(ask(method, place, body, **more), 422, "invalid-body")
        assert f"{before}/destinations/0/name" in [each["pointer"] for each in wrong["errors"]], (method, place, wrong)
