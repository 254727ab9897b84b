"""The demonstration firm: the same for one day and seed, believable, its troubles disjoint and as listed."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import jwt
import pytest

from sandbox.firm import story
from sandbox.firm.catalogue import INTERNAL_TASK, PROJECTS, TASKS
from sandbox.firm.people import WORKERS
from sandbox.firm.reference import reference
from sandbox.firm.timesheets import Firm
from sandbox.firm.troubles import troubles
from sandbox.harvest.site import ACCOUNT, TOKEN
from sandbox.netsuite.login import ASSERTION_TYPE, TOKEN_PATH

ROOT = Path(__file__).resolve().parents[2]
DAYS = [date(2026, 11, 21), date(2026, 1, 1), date(2026, 3, 2), date(2027, 7, 31)]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Harvest-Account-Id": str(ACCOUNT), "User-Agent": "Hub (test)"}


@pytest.fixture(params=DAYS, ids=str, scope="module")
def firm(request):
    return Firm(request.param)


def test_the_firm_has_sixty_people_and_forty_projects():
    assert (len(WORKERS), len(PROJECTS)) == (60, 40)
    assert len({worker.email for worker in WORKERS}) == 60
    assert all(worker.email.isascii() for worker in WORKERS)


def test_one_day_and_seed_give_one_firm():
    assert reference(Firm(DAYS[0])) == reference(Firm(DAYS[0]))
    assert reference(Firm(DAYS[0], seed=2))["expected"] != reference(Firm(DAYS[0]))["expected"]


def test_time_is_believable(firm):
    assert 6_000 < len(firm.entries) < 12_000
    days = defaultdict(Decimal)
    for entry in firm.entries:
        assert firm.is_working_day(entry.worker.legal_entity, entry.worked_on)
        assert entry.worked_on.weekday() not in entry.worker.days_off or entry.late
        assert entry.worked_on < firm.today
        days[entry.worker.code, entry.worked_on] += entry.hours
        assert entry.approved_at is None or entry.created_at <= entry.approved_at < firm.now
    assert max(days.values()) <= 10
    assert len({entry.id for entry in firm.entries}) == len(firm.entries)
    assert {entry.project.code for entry in firm.entries} >= {project.code for project in PROJECTS}
    assert len({entry.notes for entry in firm.entries}) > 1_500


def test_troubles_are_there_and_no_entry_has_two(firm):
    found = troubles(firm)
    counts = Counter(number for trouble in found for number in trouble.entries)
    assert set(counts.values()) == {1}
    for trouble in found:
        assert trouble.count > 0, trouble.name
        assert trouble.hours > 0
        assert json.dumps(trouble.plain())
    assert len({trouble.name for trouble in found}) == 8


def test_amounts_of_a_trouble_are_the_sum_of_its_entries(firm):
    by_id = {entry.id: entry for entry in firm.entries}
    for trouble in troubles(firm):
        if trouble.name != "over_cap":
            chosen = [by_id[number] for number in trouble.entries]
            assert sum(firm.amount(entry) for entry in chosen) == sum(trouble.amounts.values())
            assert all(entry.approved_at for entry in chosen)


def test_reference_data_is_printed_as_json():
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "firm", "--print", "--today", "2026-11-21"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    assert printed == json.loads(json.dumps(reference(Firm(DAYS[0]))))
    assert [row["code"] for row in printed["legal_entities"]] == ["HP-DE", "HP-US", "HP-GB"]


def test_all_fills_both_systems_once_and_goes_on_after_a_kill(start):
    everything = start("all", today="2026-11-21")
    harvest = everything.admin("GET", "state", system="harvest")["tables"]
    netsuite = everything.admin("GET", "state", system="netsuite")["tables"]
    assert harvest["time_entries"] == len(Firm(DAYS[0]).entries)
    assert (netsuite["employee"], netsuite["job"], netsuite["customer"]) == (60, 42, 13)
    everything.kill()
    everything.options["today"] = "2027-01-15"
    everything.run()
    assert everything.admin("GET", "state", system="harvest")["tables"] == harvest
    assert everything.admin("GET", "state", system="netsuite")["tables"] == netsuite


def test_acts_reject_and_correct_the_chosen_entries_once(filled):
    everything = filled()
    chosen = next(t.entries for t in troubles(Firm(DAYS[0])) if t.name == "rejected_after_posting")

    def shown():
        _, raw = everything.request("GET", f"/v2/time_entries/{chosen[0]}", headers=HEADERS, system="harvest")
        return json.loads(raw)

    before = shown()
    assert everything.admin("POST", "acts/correct", system="harvest") == {"changed": []}
    assert everything.admin("POST", "acts/reject", system="harvest") == {"changed": chosen}
    assert shown()["approval_status"] == "unsubmitted"
    assert everything.admin("POST", "acts/correct", system="harvest") == {"changed": chosen}
    assert everything.admin("POST", "acts/reject", system="harvest") == {"changed": []}
    after = shown()
    assert (after["approval_status"], after["hours"]) == ("approved", before["hours"] + 0.5)
    assert everything.admin("POST", "acts/create_project", system="netsuite")["changed"]
    assert everything.admin("POST", "acts/create_project", system="netsuite") == {"changed": []}


def bearer(everything):
    """Log in to the ERP as an application with a certificate does."""
    known, now = everything.admin("GET", "credentials", system="netsuite"), int(time.time())
    claims = {"iss": known["client_id"], "scope": "rest_webservices", "aud": TOKEN_PATH, "iat": now, "exp": now + 600}
    text = jwt.encode(claims, known["private_key"], "PS256", {"kid": known["certificate_id"]})
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": text,
    }
    connection = everything.connect(everything.ports["netsuite"])
    connection.request("POST", TOKEN_PATH, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    token = json.loads(connection.getresponse().read())["access_token"]
    connection.close()
    return {"Authorization": f"Bearer {token}"}


def test_the_erp_refuses_exactly_what_the_troubles_list(filled):
    everything, firm = filled(), Firm(DAYS[0])
    drawn = everything.admin("GET", "faults", system="netsuite")
    assert len(drawn["plan"]["rules"]) == 2
    everything.set_faults(system="netsuite")
    headers, by_id = bearer(everything), {entry.id: entry for entry in firm.entries}
    items = {task.code: task.item for task in (*TASKS, INTERNAL_TASK)}
    refused = Counter()
    for trouble in troubles(firm):
        for number in trouble.entries:
            entry = by_id[number]
            body = {
                "employee": {"externalId": entry.worker.code},
                "customer": {"externalId": entry.project.code},
                "item": {"externalId": items.get(entry.task, "none")},
                "hours": float(entry.hours),
                "tranDate": entry.worked_on.isoformat(),
            }
            path = f"/services/rest/record/v1/timeBill/eid:TE-{number}"
            status, _ = everything.request("PUT", path, body, headers=headers, system="netsuite")
            refused[trouble.name] += status != 204
    expected = {trouble.name: trouble.count for trouble in troubles(firm)}
    by_the_erp = ("project_not_in_erp", "new_task", "closed_period", "over_cap")
    assert {name: count for name, count in refused.items() if count} == {name: expected[name] for name in by_the_erp}


async def test_with_acts_the_rejection_plays_once_the_entries_are_posted(tmp_path, monkeypatch):
    monkeypatch.setattr(story, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(story, "PAUSE_SECONDS", 0.2)
    told = story.Story(tmp_path, DAYS[0], 1)
    chosen = next(t.entries for t in troubles(told.firm) if t.name == "rejected_after_posting")
    entries = told.harvest.memory.table("time_entries")
    playing = asyncio.create_task(told.play())
    for number in chosen:
        assert entries[number]["approval_status"] == "approved"
        told.netsuite.records.put("timeBill", {"externalId": f"harvest-{number}"}, by="test")
    async with asyncio.timeout(30):
        while entries[chosen[0]]["approval_status"] == "approved":  # noqa: ASYNC110 - the story tells nobody
            await asyncio.sleep(0.01)
    assert {entries[number]["approval_status"] for number in chosen} == {"unsubmitted"}
    await playing
    assert {entries[number]["approval_status"] for number in chosen} == {"approved"}
    assert all(entries[number]["notes"].endswith("(corrected)") for number in chosen)
