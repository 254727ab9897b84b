"""A filter of blanks is refused: passed over it would tell everything as if it were what was asked for."""

from typing import Any
from urllib.parse import quote

import pytest

from governance.rights import Role
from tests.api.test_changes import call
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
PROCESS, SYSTEM = "/api/process/v1", "/api/system/v1"
FILTERS = [
    *((f"{PROCESS}/transactions", name) for name in ("legal_entity", "since", "run", "route", "key", "state")),
    (f"{SYSTEM}/records", "legal_entity"),
    (f"{PROCESS}/runs", "route"),
    (f"{PROCESS}/deliveries", "subscription"),
    (f"{PROCESS}/transactions", "size"),
    (f"{PROCESS}/transactions", "cursor"),
]


@pytest.fixture
def ines() -> Any:
    return person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-DE"))


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n \r", "\u00a0", "\u3000"])
def test_filter_of_blanks_is_refused_at_its_name(ines: Any, blank: str) -> None:
    passed = []
    for place, name in FILTERS:
        answer = call(ines, "get", f"{place}?{name}={quote(blank)}")
        if answer.status_code != 400 or answer.json()["errors"][0]["parameter"] != name:
            passed.append(f"{answer.status_code} {place}?{name}")
    assert passed == []
