"""Subscriptions in the folder: made, changed and ended by their verbs; secrets by reference, and never in a file."""

from pathlib import Path

import pytest
import yaml

from governance.models import AuditEntry
from governance.rights import Role
from routes.models import Route, Subscription
from routes.outbound import signing
from tests.governance.people import company, person
from tests.hub.commands.firm import SIGNING

FILE = "subscriptions/Data@warehouse.yaml"
PLACE = "SUBSCRIPTION_DATA_WAREHOUSE_SECRET"


@pytest.fixture
def exported(firm, give, tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert give("config", "export", folder, "--only", "subscriptions").code == 0
    return folder


def apply(give, folder: Path, *more: str):
    return give("config", "apply", folder, "--by", "root", "--yes", "--only", "subscriptions", *more)


def test_subscription_comes_back_with_the_secret_that_its_subscriber_knows(firm, give, exported: Path) -> None:
    Subscription.objects.all().delete()
    done = apply(give, exported)
    assert (done.code, done.err) == (0, "")
    row = Subscription.objects.get()
    assert signing.newest(row.kept_secrets()) == SIGNING
    assert (row.routes, row.destinations) == ([firm.routes[-1].pk], [firm.routes[-1].destinations.get().pk])
    assert give("config", "diff", exported, "--exit-code", "--only", "subscriptions").code == 0


def test_another_secret_takes_over_while_the_one_before_signs_too(firm, give, exported: Path, monkeypatch) -> None:
    new = signing.new_secret()
    monkeypatch.setenv(PLACE, new)
    assert f"another one is taken from env:{PLACE}" in give("config", "diff", exported, "--only", "subscriptions").out
    assert apply(give, exported).code == 0
    kept = Subscription.objects.get().kept_secrets()["signing"]
    assert [each["secret"] for each in kept] == [new, SIGNING]
    assert new not in str(list(AuditEntry.objects.values()))


def test_secret_that_is_not_there_is_a_mistake_only_where_none_is_kept(firm, give, exported: Path, monkeypatch) -> None:
    monkeypatch.delenv(PLACE)
    path = exported / FILE
    path.write_text(path.read_text().replace("events.acme.example", "events.halden.example"))
    assert apply(give, exported).code == 0
    assert Subscription.objects.get().address == "https://events.halden.example/throughline"
    Subscription.objects.all().delete()
    done = apply(give, exported)
    assert (done.code, Subscription.objects.count()) == (1, 0)
    assert f"the environment has no {PLACE}" in done.err


def test_everything_wrong_is_told_and_no_secret_repeated(firm, give, exported: Path, monkeypatch) -> None:
    path = exported / FILE
    text = path.read_text().replace("https://events", "ftp://events").replace("- time\n", "- nowhere\n")
    path.write_text(text.replace("- refused\n", "- bad luck\n"))
    monkeypatch.setenv(PLACE, "no secret of the standard")
    done = apply(give, exported)
    for words in (
        "address: ",
        "there is no route nowhere",
        "There is no bad luck",
        "is no secret of Standard Webhooks",
    ):
        assert words in done.err, done.err
    path.write_text(path.read_text().replace(f"secret: env:{PLACE}", f"secret: {SIGNING}"))
    done = apply(give, exported)
    assert "a secret does not stand in a file" in done.err
    assert SIGNING not in done.err + done.out


def test_filter_that_the_file_leaves_out_stays_until_told(firm, give, exported: Path) -> None:
    path, row = exported / FILE, Subscription.objects.get()
    whole = yaml.safe_load(path.read_text())
    left = {name: each for name, each in whole.items() if name not in ("routes", "destinations")}
    path.write_text(yaml.safe_dump(left | {"address": "https://events.halden.example/throughline"}))

    done = apply(give, exported)

    assert (done.code, done.err) == (0, "")
    now = Subscription.objects.get()
    assert (now.routes, now.destinations) == (row.routes, row.destinations)
    assert row.routes
    assert row.destinations
    assert now.address == "https://events.halden.example/throughline"
    assert "destinations of subscription Data warehouse" in done.out
    assert "[{" not in done.out
    assert apply(give, exported, "--prune").code == 0
    now = Subscription.objects.get()
    assert (now.routes, now.destinations) == ([], [])


def test_filter_that_stands_there_empty_is_a_change_told_by_names(firm, give, exported: Path) -> None:
    path = exported / FILE
    whole = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(whole | {"routes": [], "destinations": []}))
    done = apply(give, exported)
    assert (done.code, done.err) == (0, "")
    now = Subscription.objects.get()
    assert (now.routes, now.destinations) == ([], [])
    assert "[{" not in done.out
    told = AuditEntry.objects.filter(verb="change", thing_kind="routes.subscription").get()
    assert told.before["routes"] == whole["routes"]
    assert told.before["destinations"] == whole["destinations"]


def test_filter_by_what_was_deleted_is_written_and_read_back(firm, give, tmp_path: Path) -> None:
    Subscription.objects.update(routes=[4711], destinations=[815])
    folder = tmp_path / "gone"
    assert give("config", "export", folder, "--only", "subscriptions").code == 0
    path = folder / FILE
    assert yaml.safe_load(path.read_text())["routes"] == ["gone-4711"]
    path.write_text(path.read_text().replace("events.acme.example", "events.halden.example"))
    done = apply(give, folder)
    assert (done.code, done.err) == (0, "")
    row = Subscription.objects.get()
    assert (row.address, row.routes, row.destinations) == (
        "https://events.halden.example/throughline",
        [4711],
        [815],
    )
    Subscription.objects.all().delete()
    done = apply(give, folder)
    assert (done.code, Subscription.objects.count()) == (1, 0), "where nothing was deleted it is no name"
    assert "gone-4711" in done.err


def test_filter_that_the_person_does_not_see_stays(firm, give, tmp_path: Path) -> None:
    """The operator's folder names it; who may change their company's subscriptions changes the address all the same."""
    britain = firm.routes[0]
    Route.objects.filter(pk=britain.pk).update(legal_entity=company("HP-GB"))
    row = Subscription.objects.get()
    ids = sorted([britain.pk, *row.routes]), sorted([britain.destinations.get().pk, *row.destinations])
    Subscription.objects.update(routes=ids[0], destinations=ids[1])
    own = person("Grete Lund", Role.INTEGRATION_ADMIN, company("HP-DE"))
    folder = tmp_path / "both"
    assert give("config", "export", folder, "--only", "subscriptions").code == 0
    path = folder / FILE
    assert britain.slug in path.read_text()
    path.write_text(path.read_text().replace("events.acme.example", "events.halden.example"))

    done = give("config", "apply", folder, "--by", own.username, "--yes", "--only", "subscriptions")

    assert (done.code, done.err) == (0, "")
    row.refresh_from_db()
    assert (row.address, (row.routes, row.destinations)) == ("https://events.halden.example/throughline", ids)


def test_subscription_that_the_folder_lacks_stays_until_told(firm, give, exported: Path) -> None:
    (exported / FILE).unlink()
    assert "would remove subscription Data warehouse" in apply(give, exported).out
    assert Subscription.objects.exists()
    (exported / "subscriptions" / "x.yaml").write_text(
        f"name: Other\naddress: https://x.example/\nsecret:\n  secret: env:{PLACE}\n"
    )
    assert apply(give, exported, "--prune").code == 0
    assert [row.name for row in Subscription.objects.all()] == ["Other"]
    assert AuditEntry.objects.filter(verb="end").exists()
