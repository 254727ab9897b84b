"""A bulk run over several companies tells each person of those that they see, in numbers, in words and in refusals."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from exceptions_queue.models import BulkMember, BulkRun, BulkState
from governance.models import LegalEntity
from tests.exceptions_queue.bulk import AGAIN, planned
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_bulk_runs import refused_ones
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.world import World

Make = Callable[..., World]
API = "/api/experience/v1/bulk-runs"
HIDDEN = ("HP-DE", "Halden & Partner GmbH")


@pytest.fixture
def run(quick_world: Make, quick_staff: Staff, settings: Any) -> BulkRun:
    """Return a plan of three, one of which belongs to another company, for which a second person is asked."""
    settings.BULK_MEMBERS_ALONE = 2
    made = planned(quick_staff.farid, "resubmissions", AGAIN, refused_ones(quick_world(), 3))
    abroad = LegalEntity.objects.get(code="HP-GB")
    BulkMember.objects.filter(pk=made.members.latest("position").pk).update(legal_entity=abroad)
    made.legal_entities.add(abroad)
    made.selected_words = "All exceptions that fit: legal entity HP-DE"
    made.state_reason = "Farid Amini may no longer resubmit for HP-DE Halden & Partner GmbH."
    made.save()
    return made


@pytest.fixture
def grace(quick_staff: Staff) -> Client:
    return signed_in(quick_staff.stranger)


def test_numbers_are_of_the_companies_that_somebody_sees(run: BulkRun, grace: Client, quick_staff: Staff) -> None:
    told = grace.get(f"{API}/{run.number}").json()
    assert (told["chosen"], told["judged"]) == (1, 1)
    [listed] = grace.get(API).json()["items"]
    assert (listed["chosen"], listed["judged"]) == (1, 1)
    whole = signed_in(quick_staff.clara).get(f"{API}/{run.number}").json()
    assert (whole["chosen"], whole["judged"]) == (3, 3)

    BulkRun.objects.update(state=BulkState.PLANNING)
    assert "1 of 1 looked at so far" in text_of(grace.get(f"/bulk-runs/{run.number}/"))
    assert "3 of 3 looked at so far" in text_of(signed_in(quick_staff.clara).get(f"/bulk-runs/{run.number}/"))


def test_words_are_without_the_others(run: BulkRun, grace: Client, quick_staff: Staff) -> None:
    assert run.second_person == "3 are more than the 2 that one person decides alone"
    for place in (f"{API}/{run.number}", API, f"/bulk-runs/{run.number}/", "/bulk-runs/", "/"):
        said = grace.get(place).content.decode()
        assert not [name for name in (*HIDDEN, "3 are more", "Halden &amp; Partner GmbH") if name in said], place
    told = grace.get(f"{API}/{run.number}").json()
    assert told["state_reason"] == "Farid Amini may no longer resubmit for another company."
    assert told["second_person"], "one is needed all the same"
    assert told["selected"].startswith("A part of what was chosen")
    assert "HP-DE" in signed_in(quick_staff.clara).get(f"{API}/{run.number}").json()["state_reason"]


def test_refusals_name_no_company_that_is_not_seen(run: BulkRun, grace: Client, quick_staff: Staff) -> None:
    steps = {
        "starts": {"plan": run.plan_hash}, "approvals": {"plan": run.plan_hash}, "refusals": {"reason": "no"},
        "pauses": {}, "resumptions": {}, "cancellations": {}, "plans": {},
    }  # fmt: skip
    for name, body in steps.items():
        answer = grace.post(f"{API}/{run.number}/{name}", json.dumps(body), "application/json")
        page = grace.post(f"/bulk-runs/{run.number}/{name}/", {"seen": run.plan_hash, "reason": "no"})
        for each in (answer, page):
            assert each.status_code == 403, name
            assert "for a company that you do not see" in text_of(each), name
            assert not [word for word in HIDDEN if word in text_of(each)], name
    seen = signed_in(quick_staff.viktor).post(f"{API}/{run.number}/pauses", "{}", "application/json")
    assert "resubmit for HP-DE Halden & Partner GmbH" in seen.json()["detail"]
