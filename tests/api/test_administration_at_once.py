"""A form of the administration, which waits for no configuration, is saved in the middle of what the API does.

Whoever comes second is told that the thing is there, or is not any more; nothing of it is changed or made anew.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from governance.models import AuditEntry, User
from governance.rights import Role
from hub.api import documents
from tests.api.sound_documents import SOUND
from tests.api.test_configuration import PLACE, asking
from tests.api.test_tokens import told
from tests.api.test_two_at_once import MEMBERS, OTHERS
from tests.governance.people import person
from tests.routes.world import World

KINDS_MADE = [each for each in SOUND if each != "order_of_exceptions"]  # of which there is one from the first day


@pytest.fixture
def ingrid(make_world: Callable[..., World]) -> User:
    make_world()
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


def somebody_is_quicker(monkeypatch: pytest.MonkeyPatch, verb: str, deed: Callable[[Any, str, Any], None]) -> None:
    """Let somebody else do a deed once, after it was looked what is there and before the API does its own."""
    own = getattr(documents, verb)

    def second(kind: Any, thing: Any, here: Any, by: User) -> None:
        monkeypatch.setattr(documents, verb, own)
        deed(kind, getattr(thing, "name", thing), here)
        own(kind, thing, here, by)

    monkeypatch.setattr(documents, verb, second)


def test_second_who_makes_changes_or_ends_a_thing_is_told(ingrid: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = asking(ingrid)
    for folder in KINDS_MADE:
        place, member = folder.replace("_", "-"), MEMBERS.get(folder, "title" if folder == "tables" else "name")
        first, second = (SOUND[folder] | {member: each} for each in OTHERS[member])
        if folder == "tables":  # which nothing reads, not even the order of exceptions
            first, second = (each | {"name": "own_rates"} for each in (first, second))
        if folder == "schedules":
            first, second = (SOUND[folder] | {"every_seconds": each} for each in (60, 90))

        def make(kind: Any, _: str, here: Any, of: Any = first) -> None:
            documents.put(kind, documents.read(kind, deepcopy(of), ingrid), None, ingrid)

        def end(kind: Any, name: str, here: Any) -> None:
            documents.remove(kind, name, here, ingrid)

        somebody_is_quicker(monkeypatch, "put", make)
        assert "there already" in told(ask("post", place, second), 409, "not-possible")["detail"], folder
        made = ask("post", place, first)
        assert made.status_code == 201, (folder, made.content)

        own = made["Location"].removeprefix(f"{PLACE}/")
        somebody_is_quicker(monkeypatch, "put", end)
        late = told(ask("put", own, second, If_Match="*"), 409, "not-possible")
        assert "not there any more" in late["detail"], (folder, late)
        somebody_is_quicker(monkeypatch, "remove", end)
        told(ask("delete", own, If_Match="*"), 404, "not-found")
    assert AuditEntry.objects.filter(channel="api", verb__in=("change", "delete")).count() == 0
