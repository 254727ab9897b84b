"""`config export`: everything, the same bytes each time, and never a secret."""

from pathlib import Path

from connectors.models import Connection
from hub.configuration.kinds import KINDS
from hub.management.commands.config import ABOUT
from tests.hub.commands.firm import SECRETS, bytes_of


def test_export_writes_a_file_for_each_thing(firm, give, tmp_path: Path) -> None:
    done = give("config", "export", tmp_path / "firm")
    assert (done.code, done.err) == (0, "")
    written = bytes_of(tmp_path / "firm")
    for name in (
        "legal_entities/HP-DE.yaml", "calendars/HP-DE.yaml", "connections/netsuite.yaml", "tables/bill_rates.yaml",
        "mappings/harvest.time_entries.yaml", "routes/time.yaml", "schedules/time.yaml", "roles/farid.yaml",
        "subscriptions/Data@warehouse.yaml",
    ):  # fmt: skip
        assert name in written
    assert b"rate: '125.50'" in written["tables/bill_rates.yaml"]
    assert b"every_seconds: 60" in written["schedules/time.yaml"]
    assert b"- role: viewer\n  legal_entity: HP-GB\n" in written["roles/viktor.yaml"]
    assert b"drafts:\n- name: Clients, with another name" in written["mappings/harvest.clients.yaml"]
    assert b"reason: NetSuite's release" in written["connections/netsuite.yaml"]


def test_export_keeps_secrets_out_of_files_and_words(firm, give, tmp_path: Path) -> None:
    done = give("config", "export", tmp_path / "firm")
    text = done.out + b"".join(bytes_of(tmp_path / "firm").values()).decode()
    assert not [name for name, secret in SECRETS.items() if secret in text]
    assert "secret: env:HARVEST_TOKEN" in text
    assert "expected in: env:HARVEST_TOKEN, env:NETSUITE_PRIVATE_KEY, env:SUBSCRIPTION_DATA" in done.out


def test_export_writes_the_same_bytes_again(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm")
    first = bytes_of(tmp_path / "firm")
    again = give("config", "export", tmp_path / "firm")
    assert bytes_of(tmp_path / "firm") == first
    assert "Files: 0 new, 0 changed, 0 removed" in again.out
    give("config", "export", tmp_path / "other")
    assert bytes_of(tmp_path / "other") == first


def test_export_leaves_files_that_somebody_wrote_to_be_applied_and_says_so(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm")
    mine = tmp_path / "firm" / "legal_entities" / "HP-AT.yaml"
    mine.write_text("code: HP-AT\nname: Halden & Partner in Vienna\ncountry: AT\ncurrency: EUR\n")
    done = give("config", "export", tmp_path / "firm")
    assert "(-) legal_entities/HP-AT.yaml" in done.out
    assert "with --prune it would be removed" in done.out
    assert "0 removed" in done.out
    assert "Vienna" in mine.read_text()


def test_export_removes_files_of_what_is_no_more_when_told_to_and_no_others(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm")
    (tmp_path / "firm" / "README.md").write_text("ours")
    firm.routes[0].delete()
    done = give("config", "export", tmp_path / "firm", "--prune")
    assert "- routes/customers.yaml" in done.out.splitlines()
    assert not (tmp_path / "firm" / "routes" / "customers.yaml").exists()
    assert (tmp_path / "firm" / "README.md").read_text() == "ours"


def test_export_keeps_the_place_of_a_secret_that_the_folder_names(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm")
    path = tmp_path / "firm" / "connections" / "harvest.yaml"
    path.write_text(path.read_text().replace("env:HARVEST_TOKEN", "file:/run/secrets/harvest"))
    give("config", "export", tmp_path / "firm")
    assert "secret: file:/run/secrets/harvest" in path.read_text()


def test_export_keeps_the_place_of_a_subscriptions_secret_too(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm")
    path = tmp_path / "firm" / "subscriptions" / "Data@warehouse.yaml"
    path.write_text(path.read_text().replace("env:SUBSCRIPTION_DATA_WAREHOUSE_SECRET", "file:/run/secrets/warehouse"))
    give("config", "export", tmp_path / "firm")
    assert "secret: file:/run/secrets/warehouse" in path.read_text()


def test_export_leaves_a_folder_of_somebody_else_alone(firm, give, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear customer")
    done = give("config", "export", tmp_path)
    assert done.code == 1
    assert "holds files that no export has written" in done.err
    assert bytes_of(tmp_path) == {"letters.txt": b"dear customer"}


def test_export_of_one_kind_writes_that_only(firm, give, tmp_path: Path) -> None:
    give("config", "export", tmp_path / "firm", "--only", "schedules")
    assert {name.partition("/")[0] for name in bytes_of(tmp_path / "firm")} == {"throughline.yaml", "schedules"}


def test_export_names_the_secret_whose_key_is_lost(firm, give, tmp_path: Path, monkeypatch) -> None:
    from cryptography.fernet import Fernet

    monkeypatch.setenv("THROUGHLINE_KEYS", Fernet.generate_key().decode())
    assert Connection.objects.get(slug="harvest").kept_secrets() == {}
    done = give("config", "export", tmp_path / "firm")
    assert done.code == 0
    assert b"env:HARVEST_TOKEN" in bytes_of(tmp_path / "firm")["connections/harvest.yaml"]


def test_export_to_where_nothing_can_be_written_says_so(firm, give, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = give("config", "export", tmp_path / "taken" / "firm")
    assert done.code == 1
    assert "cannot be written: " in done.err
    assert str(tmp_path / "taken") in done.err


def test_help_names_every_kind_of_thing_that_is_kept() -> None:
    told = " ".join(ABOUT.split())
    assert [folder for folder in KINDS if folder.replace("_", " ") not in told] == []
