"""The forms of remedies on the page: labels, what is refused, and what stays of it."""

import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import intake
from exceptions_queue.codes import code_of
from exceptions_queue.models import Release, WorkItem
from routes.models import Failure, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, trouble, with_rates, zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.world import World, entry

Make = Callable[..., World]


def ticked(answer: Any) -> list[str]:
    """Return the short ids of the rows that a page shows as chosen, ticked or kept in the form."""
    page = answer.content.decode()
    boxes = [box for box in re.findall(r"<input[^>]*data-member[^>]*>", page) if "checked" in box]
    kept = re.findall(r'<input type="hidden" name="failures" value="([^"]+)">', page)
    return sorted([re.findall(r'value="([^"]+)"', box)[0] for box in boxes] + kept)


def test_remedy_from_the_page_says_what_came_of_it(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 3)
    answer = signed_in(staff.clara).post(f"{url_of(item)}table-rows/", {"value_rate": "145.00"}, follow=True)
    assert "The row is added. 3 went on." in text_of(answer)
    assert set(Transaction.objects.values_list("state", flat=True)) == {"ready"}


def test_row_says_what_else_it_sets_free(make_world: Make, staff: Staff) -> None:
    world = with_rates(make_world())
    world.take_in(entry(1), entry(2), entry(3, legal_entity="HP-US"))
    intake.take_in()
    german, american = WorkItem.objects.order_by("-members")

    page = text_of(signed_in(staff.clara).get(url_of(german)))

    of_both = f"Releases 2 time entries, 1,600.00 EUR; also 1 time entry, 800.00 EUR, of exception {american.number}"
    assert of_both in page
    assert "; also 1" not in text_of(signed_in(staff.farid).get(url_of(german))), "he sees one company only"


def test_remedy_that_is_refused_is_said_beside_what_was_typed(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 3)
    answer = signed_in(staff.clara).post(f"{url_of(item)}table-rows/", {"value_rate": "a lot"})
    assert answer.status_code == 422
    assert "Row 1, rate" not in text_of(answer)
    page = " ".join(answer.content.decode().split())
    [named] = re.findall(
        r'aria-describedby="([^"]*)"[^>]*value="a lot"|value="a lot"[^>]*aria-describedby="([^"]*)"', page
    )
    [error] = [each for each in "".join(named).split() if "error" in each]
    assert "a lot" in re.findall(rf'id="{error}"[^>]*>(.*?)</', page)[0], "it stands at its field"
    assert 'value="a lot"' in answer.content.decode()


def test_every_field_has_its_own_label_help_and_error(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = missing_rate(world, 3)
    unknown = trouble(world, Problem("error", Category.OUTCOME_UNKNOWN, "", None, "No answer."))
    client = signed_in(staff.clara)
    for address in (url_of(item), url_of(unknown), "/login/"):
        pages = [(client if address != "/login/" else Client()).get(address)]
        if address == url_of(item):
            pages += [client.post(f"{address}table-rows/", {}), client.post(f"{address}waivers/", {"reason": ""})]
        for page in (answer.content.decode() for answer in pages):
            ids = re.findall(r'\sid="([^"]+)"', page)
            labels = set(re.findall(r'<label for="([^"]+)"', page))
            typed = re.findall(r"<(?:input|select|textarea)(?![^>]*(?:hidden|aria-label=))[^>]*>", page)
            described = " ".join(re.findall(r'aria-describedby="([^"]+)"', page)).split()
            assert sorted(ids) == sorted(set(ids)), address
            assert {re.findall(r'\sid="([^"]+)"', each)[0] for each in typed} <= labels, address
            assert set(described) <= set(ids), address


def test_refused_remedy_is_said_at_the_top_of_the_page(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    answer = signed_in(staff.farid).post(f"{url_of(item)}waivers/", {"reason": ""})
    assert "A reason is missing. Write one sentence" in text_of(answer)
    assert "Nothing was changed. See what is missing under Do not deliver" in text_of(answer)
    assert '<a href="#waivers">' in answer.content.decode()


def test_first_remedy_that_the_person_may_do_is_open(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    page = signed_in(staff.ingrid).get(url_of(item)).content.decode()  # she may resubmit, but correct nothing
    assert re.findall(r'<details class="remedy"\s+id="([^"]+)"\s+open>', page) == ["resubmissions"]


def test_correction_of_the_ticked_rows_only(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world(), 3)
    chosen = Failure.objects.order_by("pk")[0]
    form = {"field": "hours", "value": "8", "reason": "slip", "failures": [code_of(chosen.pk)]}
    answer = signed_in(staff.farid).post(f"{url_of(item)}corrections/", form, follow=True)
    assert "Corrected. 1 went on" in text_of(answer)
    form["failures"] = ["nonsense"]
    assert signed_in(staff.farid).post(f"{url_of(item)}corrections/", form).status_code == 422


def test_refused_remedy_keeps_the_ticked_rows(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.member_rows.page.__kwdefaults__", {"after": None, "size": 2})
    item = zero_hours(make_world(), 3)
    first, _, last = Failure.objects.order_by("pk")
    chosen = sorted(code_of(each.pk) for each in (first, last))  # one of them is on the second page
    form: dict[str, Any] = {"field": "hours", "value": "a lot", "reason": "slip", "failures": chosen}
    answer = signed_in(staff.farid).post(f"{url_of(item)}corrections/", form)
    assert (answer.status_code, ticked(answer)) == (422, chosen)
    assert "Only the 2 chosen below." in text_of(answer)
    told = (
        "“a lot” does not fit hours: It is no plain number. Enter a number from 0 to 744, in the digits 0 to 9, with a"
    )
    assert f"{told} point and at most 4 decimals, such as 7.5." in text_of(answer)
    assert ticked(signed_in(staff.farid).post(f"{url_of(item)}waivers/", {"reason": "", "failures": chosen})) == chosen
    assert ticked(signed_in(staff.farid).get(url_of(item))) == []


def test_more_members_can_be_asked_for_after_a_refusal(make_world: Make, staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.member_rows.page.__kwdefaults__", {"after": None, "size": 2})
    item = zero_hours(make_world(), 3)
    answer = signed_in(staff.farid).post(f"{url_of(item)}waivers/", {"reason": ""})
    [address] = re.findall(r'hx-get="([^"]*after=[^"]*)"', answer.content.decode())
    assert address.startswith(url_of(item))  # relative to the refused form's address it would lead nowhere


def test_remedy_that_no_longer_makes_sense_is_said(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    answer = signed_in(staff.farid).post(f"{url_of(item)}outcomes/", {}, follow=True)
    assert "can no longer be done" in text_of(answer)


def test_progress_of_a_release_is_asked_for_until_it_is_done(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 3)
    client = signed_in(staff.clara)
    assert client.get(f"{url_of(item)}releases/").status_code == 404
    row = Release.objects.create(
        item=item, requested_at=timezone.now(), actor_kind="person", actor_id="1", actor_name="Clara Voss",
        reason="x", asked=1200, looked_at=1000,
    )  # fmt: skip
    assert "1,000 of 1,200 so far" in text_of(client.get(url_of(item)))
    asked = client.get(f"{url_of(item)}releases/")
    assert f'hx-get="{url_of(item)}releases/" hx-trigger="every 2s"' in asked.content.decode()
    Release.objects.filter(pk=row.pk).update(done_at=timezone.now())
    done = client.get(f"{url_of(item)}releases/")
    assert "All 1,200 were sent through." in text_of(done)
    assert "hx-get" not in done.content.decode()
    assert signed_in(staff.stranger).get(f"{url_of(item)}releases/").status_code == 404
