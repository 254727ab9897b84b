"""Links to records lead to the record's own system, whatever stands in the record or in the answers."""

from pathlib import Path

import pytest
from django.template.loader import render_to_string

from connectors import record_links, vendors
from connectors.manifest.problems import ManifestErrors
from connectors.models import Connection
from connectors.registry import registry
from exceptions_queue.record_links import Link, to_source
from governance.actor import ENGINE
from routes.models import Route
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


def test_every_stream_of_a_shipped_connector_has_a_link_or_says_why_not() -> None:
    silent, answers = [], {
        "netsuite": {"account": "1234567", "address": "https://1234567.suitetalk.api.netsuite.com"},
        "tryton": {"server": "https://tryton.halden-partner.example", "database": "halden"},
        "harvest": {"web": "halden-partner.harvestapp.com"},
    }  # fmt: skip
    record = {"id": 14, "project": {"id": 7}, "user": {"id": 3}, "spent_date": "2026-10-05"}
    for name in shipped():
        manifest = registry.connectors[name].manifest
        for stream, told in manifest.streams.items():
            id_ = "" if told.read else "14"  # what is only written is linked by the id that the target gave it
            made = record_links.made(manifest, answers[name], stream, id_=id_, record=record)
            if not told.no_record_link and not made:
                silent.append(f"{name}.{stream}")
    assert silent == []


def shipped() -> list[str]:
    folder = Path(vendors.__path__[0])
    found = sorted(each.parent.name for each in folder.glob("*/manifest.yaml"))
    assert {"harvest", "netsuite", "tryton"} <= set(found)
    return found


def test_a_stream_has_a_link_or_says_why_not() -> None:
    link = '    record_link: "https://app.acme.example/entries/{id}"\n'
    reason = "    no_record_link: Entries have no page of their own; the day lists them.\n"
    told = acme(MANIFEST.replace(link, reason)).manifest.streams["entries"]
    assert (told.record_link, told.no_record_link) == (None, "Entries have no page of their own; the day lists them.")
    with pytest.raises(ManifestErrors, match="has a link, or says why not"):
        acme(MANIFEST.replace(link, link + reason))


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


def test_pages_say_where_a_record_is_found_that_has_no_page_of_its_own() -> None:
    harvest = Connection(name="Harvest", connector="harvest", answers={"web": "halden-partner.harvestapp.com"})
    told = to_source(Route(connection=harvest, stream="tasks"), {"id": 4}, ENGINE)
    assert told == [Link("Harvest: A task has no page of its own in Harvest. Manage, Tasks lists all of them.", "")]
    page = render_to_string("queue/elsewhere.html", {"links": told})
    assert "Manage, Tasks" in page
    assert "<a" not in page
    linked = to_source(Route(connection=harvest, stream="user_assignments"), {"id": 4, "project": {"id": 7}}, ENGINE)
    assert linked == [Link("Open in Harvest", "https://halden-partner.harvestapp.com/projects/7")]
    assert 'rel="noopener noreferrer"' in render_to_string("queue/elsewhere.html", {"links": linked})
