"""Links to records lead to the record's own system, whatever stands in the record or in the answers."""

import pytest

from connectors import record_links
from connectors.manifest.problems import ManifestErrors
from connectors.registry import registry
from tests.connectors.acme import MANIFEST, acme

HOME = "https://api.acme.example"


@pytest.mark.parametrize(
    ("connector", "answers", "stream", "given", "wanted"),
    [
        (
            "netsuite", {"account": "1234567_SB1", "address": "https://1234567-sb1.suitetalk.api.netsuite.com"},
            "time_entries", {"id_": "77"},
            "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/timebill.nl?id=77",
        ),
        (
            "tryton", {"server": "https://tryton.halden-partner.example", "database": "halden"}, "time_lines",
            {"id_": "12"}, "https://tryton.halden-partner.example/#halden/model/timesheet.line/12",
        ),
        (
            "harvest", {"web": "halden-partner.harvestapp.com"}, "time_entries",
            {"record": {"id": 636709355, "spent_date": "2026-10-05", "user": {"id": 1782959}}},
            "https://halden-partner.harvestapp.com/time/day/2026/10/05/1782959",
        ),
        ("harvest", {"web": "halden-partner.harvestapp.com"}, "projects", {"record": {"id": 14}},
         "https://halden-partner.harvestapp.com/projects/14"),
        ("harvest", {}, "projects", {"record": {"id": 14}}, ""),  # nobody has said where
        ("tryton", {"server": "http://127.0.0.1:8000", "database": "halden"}, "time_lines", {"id_": "12"}, ""),
        ("netsuite", {"account": "1234567_SB1", "address": "http://127.0.0.1:9/netsuite"}, "time_entries",
         {"id_": "77"}, ""),  # a simulator has no screens
        ("netsuite", {"account": "1234567", "address": "https://1234567.suitetalk.api.netsuite.com"}, "time_entries",
         {"id_": "1&x=https://evil.example"},
         "https://1234567.app.netsuite.com/app/accounting/transactions/timebill.nl?id=1%26x%3Dhttps:%2F%2Fevil.example"),
    ],
)  # fmt: skip
def test_shipped_links(connector: str, answers: dict[str, str], stream: str, given: dict, wanted: str) -> None:  # type: ignore[type-arg]
    manifest = registry.connectors[connector].manifest
    found = record_links.made(manifest, answers, stream, **given)
    assert found.replace("https%3A", "https:") == wanted


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("https://app.acme.example/1", True), ("https://api.acme.example/1", True),
        ("http://app.acme.example/1", False),
        ("https://acme.evil.example.net/1", False), ("https://app.acme.example@evil.example.net/", False),
        ("https://user:x@app.acme.example/1", False), ("javascript:alert(1)", False), ("https:///1", False),
        ("https://app.acme.example:8443/1", False), ("https://[x/1", False), ("https://example/1", False),
    ],
)  # fmt: skip
def test_only_https_to_the_own_host_or_domain(address: str, home: bool) -> None:
    assert record_links.goes_home(address, HOME) is home


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("http://app.acme.example/{id}", "does not begin with https://"),
        ("https://{id}.acme.example/", "stands in the host"),
        ("https://{record.host}/x", "stands in the host"),
        ("{record.address}/x", "a record would say"),
        ("https://app.acme.example/{secrets.token}", "is not known here"),
    ],
)
def test_link_that_a_record_could_bend_is_refused(link: str, said: str) -> None:
    edited = MANIFEST.replace("https://app.acme.example/entries/{id}", link)
    assert edited != MANIFEST
    with pytest.raises(ManifestErrors, match=said):
        acme(edited)


def test_manifest_without_a_link_has_none() -> None:
    manifest = acme(MANIFEST.replace('    record_link: "https://app.acme.example/entries/{id}"\n', "")).manifest
    assert record_links.made(manifest, {"base": HOME}, "entries", id_="1") == ""
