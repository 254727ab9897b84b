"""`config apply` where a company asks for a second person: what a folder changes waits until another applies it."""

from pathlib import Path
from typing import Any

import pytest

from connectors.models import Connection
from governance.models import AuditEntry, LegalEntity, ProposedSecrets, Version
from governance.rights import Role
from hub.changes import putting
from routes import schedules
from routes.models import Route
from tests.governance.people import person
from tests.hub.commands.firm import SECRETS
from tests.hub.commands.test_config_apply import edit, exported

__all__ = ["exported"]


@pytest.fixture(autouse=True)
def asked(firm: Any) -> None:
    LegalEntity.objects.update(second_person=True)


def test_changes_wait_for_another_person_who_applies_the_same_folder(firm: Any, give: Any, exported: Path) -> None:
    edit(exported / "calendars/HP-DE.yaml", "Christmas Eve", "Holy Evening")
    edit(exported / "connections/netsuite.yaml", "concurrency: 12", "concurrency: 6")
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")
    edit(exported / "schedules/time.yaml", "every_seconds: 60", "every_seconds: 300")

    first = give("config", "apply", exported, "--by", "ingrid", "--yes")

    assert (first.code, first.err) == (0, "")
    assert "version 2 by Ingrid Solheim is submitted: another person has to approve it" in first.out
    assert Route.objects.get(slug="time").compare_days == 35
    assert Version.objects.filter(state="submitted").exclude(kind="mapping").count() == 4
    again = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "… wait route time" in again.out
    assert "Nothing to apply" in again.out
    clara = give("config", "apply", exported, "--by", "clara", "--yes")
    assert "is approved: an integration admin puts it in force" in clara.out, clara.err
    last = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "is approved and in force" in last.out, last.err
    route = Route.objects.get(slug="time")
    assert route.compare_days == 40
    assert schedules.schedule_of(route).interval.every == 300
    assert Connection.objects.get(slug="netsuite").concurrency == 6
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_mistakes_are_told_all_the_same_and_nothing_waits(firm: Any, give: Any, exported: Path) -> None:
    edit(exported / "routes/time.yaml", 'approval_status = "approved", billable', "nosuchfield")

    done = give("config", "apply", exported, "--by", "ingrid", "--yes")

    assert done.code == 1
    assert "nosuchfield is not a field of the record" in done.err
    assert not Version.objects.filter(kind="route").exclude(state="published").exists()


def test_new_route_waits_for_its_new_connection_and_a_secret_is_kept_with_the_draft(
    firm: Any, give: Any, exported: Path, monkeypatch: Any
) -> None:
    text = (exported / "connections/netsuite.yaml").read_text()
    (exported / "connections/ledger.yaml").write_text(text.replace("slug: netsuite", "slug: ledger"))
    edit(exported / "routes/time.yaml", "connection: netsuite", "connection: ledger")

    first = give("config", "apply", exported, "--by", "ingrid", "--yes")

    assert (first.code, first.err) == (0, "")
    assert "waits for the connection ledger, which is not approved yet" in first.out
    assert ProposedSecrets.objects.count() == 1
    assert not Connection.objects.filter(slug="ledger").exists()


def test_what_the_folder_lacks_is_proposed_to_be_taken_out(firm: Any, give: Any, exported: Path) -> None:
    (exported / "schedules/time.yaml").unlink()

    done = give("config", "apply", exported, "--by", "ingrid", "--yes", "--prune")

    assert (done.code, done.err) == (0, "")
    assert schedules.schedule_of(Route.objects.get(slug="time")) is not None
    assert Version.objects.of("schedule", "time")[0].content == {}
    assert not AuditEntry.objects.filter(verb="remove_schedule").exists()


def test_another_value_of_a_secret_is_another_content_and_needs_its_own_consent(
    firm: Any, give: Any, exported: Path, monkeypatch: Any
) -> None:
    iris = person("Iris Berg", Role.INTEGRATION_ADMIN)
    monkeypatch.setenv("HARVEST_TOKEN", "of-ingrid")
    assert give("config", "apply", exported, "--by", "ingrid", "--yes").code == 0
    monkeypatch.setenv("HARVEST_TOKEN", "of-clara")

    for someone in ("clara", iris.username):
        done = give("config", "apply", exported, "--by", someone, "--yes")
        assert done.code == 0, done.err
        told = " ".join(done.out.split())
        assert "version 2 by Ingrid Solheim has another value of" in told
        assert "of-ingrid" not in done.out + done.err
        assert "of-clara" not in done.out + done.err

    rows = Version.objects.of("connection", "harvest").exclude(state="published")
    assert [(each.number, each.author, each.state) for each in rows] == [
        (3, f"person:{iris.pk}", "submitted"), (2, f"person:{firm.ingrid.pk}", "submitted"),
    ]  # fmt: skip
    assert Connection.objects.get(slug="harvest").kept_secrets()["token"] == SECRETS["HARVEST_TOKEN"]
    done = give("config", "apply", exported, "--by", "clara", "--yes")
    assert "version 3 by Iris Berg is approved" in " ".join(done.out.split()), "the value that Clara has is Iris's"
    give("config", "apply", exported, "--by", iris.username, "--yes")
    assert Connection.objects.get(slug="harvest").kept_secrets()["token"] == "of-clara"


def test_who_corrects_a_secret_that_waits_replaces_it_and_its_approval_is_void(
    firm: Any, give: Any, exported: Path, monkeypatch: Any
) -> None:
    for value in ("mistyped", "corrected"):
        monkeypatch.setenv("HARVEST_TOKEN", value)
        done = give("config", "apply", exported, "--by", "ingrid", "--yes")
        assert done.code == 0, done.err
        waiting = Version.objects.of("connection", "harvest").get(state="submitted")
        assert putting.secrets_of(waiting) == {"token": value}
        give("config", "apply", exported, "--by", "clara", "--yes") if value == "mistyped" else None

    assert "version 2 has a new secret now" in " ".join(done.out.split())
    assert Version.objects.of("connection", "harvest").exclude(state="published").count() == 1
    give("config", "apply", exported, "--by", "clara", "--yes")
    give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert Connection.objects.get(slug="harvest").kept_secrets()["token"] == "corrected"


def test_who_has_no_value_agrees_to_the_one_that_was_entered(
    firm: Any, give: Any, exported: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("HARVEST_TOKEN", "of-ingrid")
    edit(exported / "connections/harvest.yaml", "concurrency: 12", "concurrency: 6")
    give("config", "apply", exported, "--by", "ingrid", "--yes")
    monkeypatch.delenv("HARVEST_TOKEN")
    done = give("config", "apply", exported, "--by", "clara", "--yes")
    assert "is approved" in done.out, done.out + done.err
