"""`connections test`: the words of the button, one system after the other, and an end that says whether all work."""

import json

import pytest

from connectors import trying
from connectors.outcome import TestReport as Report
from governance.models import AuditEntry
from governance.rights import Role
from tests.governance.people import person


@pytest.fixture
def answers(monkeypatch) -> dict[str, Report]:
    given = {"harvest": Report(True, "Harvest knows us as Ingrid Solheim."), "netsuite": Report(True, "It works.")}
    monkeypatch.setattr(trying, "_report", lambda connection: given[connection.slug])
    return given


def test_connections_test_says_what_the_button_says(firm, give, answers) -> None:
    done = give("connections", "test")
    assert (done.code, done.err) == (0, "")
    assert "✓ harvest: Harvest knows us as Ingrid Solheim." in done.out
    assert "✓ netsuite: It works." in done.out


def test_connections_test_ends_with_1_when_one_does_not_work(firm, give, answers) -> None:
    answers["harvest"] = Report(False, "Harvest refuses the token.", "Make a new one.")
    done = give("connections", "test", "harvest", "--json", "--by", "ingrid")
    assert done.code == 1
    (told,) = json.loads(done.out)["connections"]
    assert told == {
        "name": "harvest",
        "ok": False,
        "message": "Harvest refuses the token.",
        "remedy": "Make a new one.",
    }
    entry = AuditEntry.objects.get(verb="test")
    assert (entry.actor_name, entry.channel) == ("Ingrid Solheim", "command")


def test_connections_test_names_those_that_there_are(firm, give, answers) -> None:
    done = give("connections", "test", "harvst")
    assert done.code == 1
    assert "There is no connection harvst. Use one of: harvest, netsuite." in done.err


def test_connections_test_refuses_whom_the_verb_refuses(firm, give, answers) -> None:
    done = give("connections", "test", "--by", "farid")
    assert done.code == 1
    assert "2 of 2 could not be tested." in done.err
    assert not AuditEntry.objects.filter(verb="test").exists()


def test_connections_test_says_what_somebody_lacks_who_sees_none(firm, give, answers) -> None:
    for more in ((), ("--json",)):
        done = give("connections", "test", "--by", "viktor", *more)
        assert (done.code, done.out) == (1, "")
        assert "viktor sees no connection at all, and needs a role in the company that it belongs to" in done.err


def test_connections_test_where_there_is_none_yet_says_so(db, give) -> None:
    person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    done = give("connections", "test", "--by", "ingrid")
    assert (done.code, done.out) == (0, "There is no connection yet.\n")
