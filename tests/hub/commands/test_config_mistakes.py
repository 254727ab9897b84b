"""What is wrong with a folder is told at once, each with file, line, path and remedy; and nothing of it is applied."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.models import AuditEntry, LegalEntity
from mappings.models import TableRow
from tests.hub.commands.firm import SECRETS


@pytest.fixture
def exported(firm, give, tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert give("config", "export", folder).code == 0
    return folder


EDITS = [  # file, what stands there, what stands there instead, and what is told of it
    ("legal_entities/HP-US.yaml", "country: US", "country: us", "HP-US.yaml:3, country: \"us\" does not have"),
    ("legal_entities/HP-DE.yaml", "country: DE", "country: ZZ", 'country: "ZZ" is no country. Write'),
    ("legal_entities/HP-US.yaml", "currency: USD", "currncy: USD", "HP-US.yaml:4, currncy: 'currncy' is not known"),
    ("legal_entities/HP-US.yaml", "currency: USD", "currncy: USD", "currency: 'currency' is missing."),
    ("calendars/HP-DE.yaml", "subdivision: BE", "subdivision: XX", "calendars/HP-DE.yaml:1: "),
    ("calendars/HP-DE.yaml", "Europe/Berlin", "Europe/Berln", "time_zone: \"Europe/Berln\" is not a time zone"),
    ("calendars/HP-DE.yaml", "day: '2026-12-24'", "day: '2026-12-34'", "days[1].day: 2026-12-34 is no day of any"),
    ("connections/harvest.yaml", "auth: token", "auth: tokn", "auth: 'tokn' is no way to sign in to Harvest"),
    ("connections/harvest.yaml", "account: '123456'", "accnt: '123456'", "answers.accnt: Harvest asks no such"),
    ("connections/harvest.yaml", "account: '123456'", "accnt: '123456'", "answers.account: Account number"),
    ("connections/netsuite.yaml", "https://", "htps://", "answers.address: "),
    ("connections/netsuite.yaml", "weekday: Sunday", "weekday: Funday", "windows[1].weekday: \"Funday\" is not one of"),
    ("tables/service_items.yaml", "item: SVC-BLD", "item: SVC-XXX", "rows[2].values.item: SVC-XXX is not accepted"),
    ("tables/bill_rates.yaml", "rate: '210.00'", "rate: 1210", "rows[3].values.rate: 1210 is more than 900"),
    ("tables/bill_rates.yaml", "rate: '120.00'", "rate: 120.00", "rows[1].values.rate: a number with a point"),
    ("mappings/harvest.clients.yaml", "formula: LOOKUP(\"customer_codes.customer_id\", name)",
     "formula: LOOKUP(\"customer_codes.customer_id\", name", "published.fields[2].formula: "),
    ("routes/time.yaml", "stream: time_entries\ncanonical", "stream: timeentries\ncanonical", "stream that can be"),
    ("routes/time.yaml", "billable)", "billabel)", "destinations[1].condition: "),
    ("routes/time.yaml", "posting_date: worked_on", "posting_date: workd_on", "destinations[1].posting_date: There"),
    ("routes/customers.yaml", "lane: master", "lane: mastr", "destinations[1].lane: There is no lane called “mastr”"),
    ("schedules/customers.yaml", "every_seconds: 900", "times: 99 6 * * *", "schedules/customers.yaml:2, times: “99 6"),
    ("roles/clara.yaml", "user: clara", "user: klara", "roles/clara.yaml:1, user: nobody signs in as klara here"),
    ("roles/viktor.yaml", "legal_entity: HP-GB", "legal_entity: HP-XX", "there is no legal entity HP-XX"),
]  # fmt: skip


def test_folder_with_twenty_mistakes_lists_twenty_and_applies_none(firm, give, exported: Path) -> None:
    done_already: set[tuple[str, str]] = set()
    for file, old, new, _ in EDITS:
        text = (exported / file).read_text()
        assert old in text or (file, old) in done_already, (file, old)
        done_already.add((file, old))
        (exported / file).write_text(text.replace(old, new, 1))
    path = exported / "legal_entities/HP-GB.yaml"
    path.write_text(path.read_text().replace("Ltd", "LLP"))  # what is right beside them is not applied either
    before = AuditEntry.objects.count(), TableRow.objects.count()
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert done.code == 1
    assert [told for *_, told in EDITS if told not in done.err] == []
    lines = done.err.replace("CommandError: ", "").splitlines()
    assert len([line for line in lines if ".yaml:" in line]) == len(EDITS), done.err
    assert f"{len(EDITS)} mistakes; nothing was applied." in lines[-1]
    assert (AuditEntry.objects.count(), TableRow.objects.count()) == before
    assert LegalEntity.objects.get(code="HP-GB").name == "Halden & Partner Ltd"


def test_source_that_is_not_there_hides_no_mistake_and_condemns_nothing_right(firm, give, exported: Path) -> None:
    path = exported / "routes/time.yaml"
    text = re.sub(r"^connection: \S+", "connection: nowhere", path.read_text(), flags=re.MULTILINE)
    path.write_text(re.sub(r"^mapping: \S+", "mapping: nix", text, flags=re.MULTILINE))
    told = give("config", "apply", exported, "--by", "root", "--yes").err
    assert "connection: there is no connection nowhere" in told, told
    assert "mapping: " in told, told
    assert "nix" in told
    assert "leave this empty" not in told
    assert "stream: " not in told


def test_row_with_two_mistakes_tells_both(firm, give, exported: Path) -> None:
    path = exported / "tables/bill_rates.yaml"
    text = path.read_text()
    start = text.index("rate: '120.00'")
    row = text[start:].replace("rate: '120.00'", "rate: 'ninety'", 1)
    row = (
        re.sub(r"to: \S+", "to: '2025-13-30'", row, count=1)
        if "to: " in row.split("- key")[0]
        else (row.replace("rate: 'ninety'", "rate: 'ninety'\n  to: '2025-13-30'", 1))
    )
    path.write_text(text[:start] + row)
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert done.code == 1
    assert "rows[1].to: 2025-13-30 is no day of any calendar" in done.err
    assert "rows[1].values.rate: " in done.err
    assert "2 mistakes; nothing was applied." in done.err


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"key_columns": ["k 1", "k:2"]}, "'k:2' is no name of a column"),
        ({"value_columns": {"rate": "decimal", "unit": "unit"}}, "integer, decimal, money, date, boolean."),
        ({"value_columns": {"rate": "decimal", "unit": "text", "k 1": "text"}}, "two columns have this name"),
        ({"accepted": {"rate": {"lowest": "9", "highest": "1"}, "unit": {"choices": ["day"]}}}, "is above the highest"),
    ],
    ids=["name", "kind", "twice", "accepted"],
)
def test_rows_are_judged_by_the_columns_that_are_right(
    firm, give, exported: Path, columns: dict[str, Any], told: str
) -> None:
    table = {
        "name": "rates", "title": "Rates", "key_columns": ["k 1", "k 2"],
        "value_columns": {"rate": "decimal", "unit": "text"},
        "rows": [{"key": ["a", ""], "values": {"rate": "1", "unit": "day"}},
                 {"key": ["a", "b"], "values": {"rate": "many", "unit": "day"}}],
    } | columns  # fmt: skip
    (exported / "tables" / "rates.yaml").write_text(yaml.safe_dump(table))
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert told in done.err
    assert "rows[1].key[2]: The key is empty or too long." in done.err
    assert "rows[2].values.rate: " in done.err
    assert "3 mistakes; nothing was applied." in done.err


@pytest.mark.parametrize(
    "written",
    ["secrets:\n  token: {token}", "secrets:\n  token:\n    secret: {token}", "answers:\n  token: {token}",
     "secrets: {token}"],
)  # fmt: skip
def test_secret_in_clear_is_refused_and_never_repeated(firm, give, exported: Path, written: str) -> None:
    path = exported / "connections/harvest.yaml"
    head = path.read_text().split("answers:")[0]
    path.write_text(head + written.replace("{token}", "another-token") + "\n")
    for command in (("apply", exported, "--by", "root", "--yes"), ("diff", exported)):
        done = give("config", *command)
        assert "another-token" not in done.out + done.err
        assert not [name for name, secret in SECRETS.items() if secret in done.out + done.err]
    assert give("config", "apply", exported, "--by", "root", "--yes").code == 1


def test_secret_that_lies_nowhere_is_told_where_it_was_expected(firm, give, exported: Path, monkeypatch) -> None:
    monkeypatch.delenv("HARVEST_TOKEN")
    path = exported / "connections/harvest.yaml"
    (exported / "connections/harvest-us.yaml").write_text(path.read_text().replace("slug: harvest", "slug: harvest-us"))
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert done.code == 1
    assert (
        "harvest-us.yaml:12, secrets.token.secret: the environment has no HARVEST_TOKEN. Set HARVEST_TOKEN" in done.err
    )
    assert done.err.count("harvest-us.yaml") == 1


def test_files_that_nobody_would_read_are_told(firm, give, exported: Path) -> None:
    (exported / "routs").mkdir()
    (exported / "routs" / "time.yaml").write_text("slug: time\n")
    (exported / "routes" / "old.yml").write_text("slug: old\n")
    (exported / "loose.yaml").write_text("slug: loose\n")
    (exported / "routes" / "again.yaml").write_text((exported / "routes" / "time.yaml").read_text())
    (exported / "roles" / "broken.yaml").write_text("user: [\n")
    (exported / "throughline.yaml").write_text("format: 2\n")
    done = give("config", "diff", exported)
    assert done.code == 1
    for told in ("routs/: there is no such kind of thing.", "routes/old.yml: it would not be read.",
                 "loose.yaml: the file lies in no kind's folder.", "route time is described twice.",
                 "roles/broken.yaml:2: not readable as YAML",
                 "throughline.yaml:1, format: the form is not known"):  # fmt: skip
        assert told in done.err
    assert done.err.strip().endswith("6 mistakes; nothing was applied. Correct them and give the command again.")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("!!python/object/apply:os.system ['true']", "the tag !!python/object/apply:os.system stands here."),
        ("!secret x", "the tag !secret stands here."),
        ("!!int none", "none is no number that can be used."),
        ("!!float none", "none is no number that can be used."),
        ("!!bool perhaps", "perhaps is no number that can be used."),
        ("!!timestamp [2026]", "the tag !!timestamp stands here."),
        ("!!binary aGVsbG8=", "the tag !!binary, for bytes, stands here."),
        (".inf", ".inf is no number that can be used."),
        ("-.INF", "-.INF is no number that can be used."),
        (".nan", ".nan is no number that can be used."),
        ("1e999", "1e999"),
        ("9" * 5000, "is no number that can be used."),
    ],
)
def test_what_yaml_alone_knows_is_told_in_words(firm, give, exported: Path, written: str, told: str) -> None:
    path = exported / "schedules" / "customers.yaml"
    path.write_text(path.read_text().replace("every_seconds: 900", f"every_seconds: {written}"))
    for todo in (["diff"], ["apply", "--by", "clara", "--yes"]):
        done = give("config", todo[0], exported, *todo[1:])
        assert done.code == 1
        assert "schedules/customers.yaml:" in done.err
        assert told in done.err
        assert "Traceback" not in done.err


def test_folder_with_the_name_of_a_file_is_told(firm, give, exported: Path) -> None:
    (exported / "routes" / "dir.yaml").mkdir()
    done = give("config", "diff", exported)
    assert done.code == 1
    assert "routes/dir.yaml: it is a folder, and would not be read." in done.err


def test_links_out_of_the_folder_are_named_and_not_followed(firm, give, exported: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "routes").mkdir()
    (elsewhere / "one.yaml").write_text("secret: of somebody else's\n")
    (exported / "routes" / "one.yaml").symlink_to(elsewhere / "one.yaml")
    (exported / "mappings").rename(elsewhere / "mappings")
    (exported / "mappings").symlink_to(elsewhere / "mappings")
    for todo in (["diff"], ["apply", "--by", "clara", "--yes", "--prune"]):
        done = give("config", todo[0], exported, *todo[1:])
        assert done.code == 1
        assert "routes/one.yaml: it is a link that leads out of the folder." in done.err
        assert "mappings: it is a link that leads out of the folder." in done.err
        assert "secret" not in done.err
    before = {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()}
    done = give("config", "export", exported, "--prune")
    assert done.code == 1
    assert "lead out of it: mappings, routes/one.yaml. Nothing was written." in done.err
    assert {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()} == before


def test_link_within_the_folder_is_read(firm, give, exported: Path) -> None:
    (exported / "..data").mkdir()
    (exported / "routes" / "time.yaml").rename(exported / "..data" / "time.yaml")
    (exported / "routes" / "time.yaml").symlink_to("../..data/time.yaml")
    done = give("config", "diff", exported, "--only", "routes")
    assert "leads out" not in done.err
