"""A member field by field: three values side by side, judged while one types, corrected in place, never overwritten."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from exceptions_queue import checking, intake, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from exceptions_queue.verbs.correct_field import Stale
from governance.api import paging
from governance.rights import NotAllowed
from mappings import cross_references
from routes import looking, overlays
from routes.models import Failure, Overlay
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company
from tests.routes.test_corrected_fields import priced
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def place(item: WorkItem, more: str = "") -> str:
    return f"/queue/{item.number}/records/{code_of(item.failures().order_by('pk')[0].pk)}/{more}"


def row_of(answer: Any, name: str) -> str:
    """Return the words of one field's row."""
    part = answer.content.decode().partition(f'id="field-{name}"')[2].partition("</tr>")[0]
    answer.content = part.encode()
    return text_of(answer)


def test_failing_field_stands_first_in_three_places(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    page = signed_in(quick_staff.farid).get(place(item))
    body = page.content.decode()
    assert page.status_code == 200
    names = [part.partition('"')[0] for part in body.split('id="field-')[1:]]
    assert names[0] == "hours"
    assert "failing" in row_of(page, "hours")


def test_cause_names_its_field_and_table_as_people_do(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    Failure.objects.update(field="bill_rate", message="bill_rate: the table rate_cards has no row for 'x'. Add it.")
    told = text_of(signed_in(staff.farid).get(place(item)))
    assert "Bill rate: the table " in told
    assert "bill_rate" not in told


def test_target_has_what_was_written_before(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, hours="0.00", version=2))
    intake.take_in()
    item = WorkItem.objects.open().get()
    page = signed_in(quick_staff.farid).get(place(item))
    assert "as far as the hub knows" in text_of(page)
    shown = row_of(page, "hours")
    assert "0.00" in shown
    assert "8.00" in shown, "what stands at the target"


def test_what_follows_from_a_correction_is_no_word_of_the_source(make_world: Make, staff: Staff) -> None:
    """The amount that the hub works out from corrected hours must not be shown as the source's."""
    world = priced(make_world())
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Not today.")
    verbs.correct_field(WorkItem.objects.get(), by=staff.farid, field="hours", value="4", reason="slip")  # type: ignore[arg-type]
    world.deliver()
    world.take_in(entry(1, hours="0.00", version=2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.open().get()
    page = signed_in(staff.farid).get(place(item))
    shown = " ".join(row_of(page, "amount").split())
    assert "0.00" in shown
    assert "400" in shown


@pytest.mark.parametrize(
    ("value", "fits", "goes_on", "said"),
    [
        ("4", True, True, "Will be sent"), ("-3", False, False, "cannot be meant"),
        ("x", False, False, "no plain number"),
        ("0", True, False, "Would stop again"),
    ],
)  # fmt: skip
def test_value_is_judged_while_it_is_typed(
    quick_world: Make, quick_staff: Staff, value: str, fits: bool, goes_on: bool, said: str
) -> None:
    item = zero_hours(quick_world())
    failure = item.failures()[0]
    checked = checking.check_value(item, failure, by=quick_staff.farid, name="hours", value=value)  # type: ignore[arg-type]
    assert (checked.fits, checked.goes_on) == (fits, goes_on)
    assert said in checked.words
    assert not Overlay.objects.exists()


def test_what_follows_is_told_while_it_is_typed(make_world: Make, staff: Staff) -> None:
    world = priced(make_world())
    world.take_in(entry(1, hours="30.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    shown = text_of(signed_in(staff.farid).post(place(item, "checks/"), {"field": "hours", "value": "4"}))
    assert "Will be sent" in shown
    assert "amount becomes 400.00" in shown
    assert Failure.objects.filter(closed_at=None).exists(), "nothing is kept"


def test_judging_asks_the_right(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    with pytest.raises(NotAllowed):
        checking.check_value(item, item.failures()[0], by=quick_staff.viktor, name="hours", value="4")  # type: ignore[arg-type]
    with pytest.raises(verbs.NotPossible, match="cannot be corrected here"):
        checking.check_value(item, item.failures()[0], by=quick_staff.farid, name="entry_id", value="x")  # type: ignore[arg-type]


def test_keys_of_tables_and_known_records_are_offered(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = missing_rate(world)
    known = cross_references.NewReference(
        world.destination.connection_id, "project", "P-881", "77", company("HP-DE").pk, "Harbour"
    )
    theirs, nobodys = (
        cross_references.NewReference(known.connection_id, "project", f"P-88{n}", f"{n}", owner)
        for n, owner in ((2, company("HP-US").pk), (3, None))
    )
    cross_references.upsert([known, theirs, nobodys], by=quick_staff.ingrid)  # type: ignore[arg-type]
    browser = signed_in(quick_staff.farid)
    offered = browser.post(place(item, "checks/"), {"field": "role", "value": "P"}).content.decode()
    assert '<option value="Partner">' in offered
    offered = browser.post(place(item, "checks/"), {"field": "project_code", "value": "P-88"}).content.decode()
    assert '<option value="P-881">Harbour</option>' in offered
    assert "P-882" not in offered, "which is another company's"
    assert "P-883" not in offered, "which is for who sees all companies"
    sent = {"field": "project_code", "value": "P-88"}
    assert '"P-883"' in signed_in(quick_staff.clara).post(place(item, "checks/"), sent).content.decode()
    assert (
        '<option value="P-881">'
        not in browser.post(place(item, "checks/"), {"field": "project_code", "value": "Q"}).content.decode()
    )


def test_field_is_corrected_in_place(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world, 2)
    browser = signed_in(quick_staff.farid)
    sent = {"field": "hours", "value": "4", "reason": "as on the slip", "seen_until": "0"}
    done = browser.post(place(item, "corrections/"), sent, follow=True)
    assert "Corrected. It went on." in text_of(done)
    assert item.failures().count() == 1
    assert done.redirect_chain[-1][0] == place(item), "what is left comes next"


def test_refused_correction_keeps_what_was_typed(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    browser = signed_in(quick_staff.farid)
    answer = browser.post(place(item, "corrections/"), {"field": "hours", "value": "many", "reason": "as told"})
    assert answer.status_code == 422
    assert 'value="many"' in answer.content.decode()
    assert "as told" in answer.content.decode()
    assert "no plain number" in text_of(answer)


def test_other_persons_correction_is_shown_and_not_overwritten(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    record = item.failures()[0].record_id
    browser = signed_in(quick_staff.farid)
    seen = overlays.newest()
    overlays.correct(record=record, field="hours", value="0.5", reason="as booked", by=quick_staff.clara)  # type: ignore[arg-type]
    sent = {"field": "hours", "value": "4", "reason": "as on the slip", "seen_until": str(seen)}

    answer = browser.post(place(item, "corrections/"), sent)

    told = text_of(answer)
    assert answer.status_code == 422
    assert "Clara Voss has corrected the hours of TE-0000001 to 0.5 meanwhile" in told
    assert "as booked" in told
    assert Overlay.objects.get().made_by == quick_staff.clara
    assert 'value="4"' in answer.content.decode(), "what was typed is kept"
    seen_now = answer.content.decode().partition('name="seen_until" value="')[2].partition('"')[0]
    browser.post(place(item, "corrections/"), sent | {"seen_until": seen_now})
    assert Overlay.objects.open().get().made_by == quick_staff.farid


def test_stale_correction_of_the_item_and_the_api_is_refused(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    seen = overlays.newest()
    record = item.failures()[0].record_id
    overlays.correct(record=record, field="hours", value="0.5", reason="as booked", by=quick_staff.clara)  # type: ignore[arg-type]
    with pytest.raises(Stale, match="Clara Voss has corrected"):
        verbs.correct_field(
            item,
            by=quick_staff.farid,
            field="hours",
            value="4",
            reason="x",
            seen_until=seen,  # type: ignore[arg-type]
        )
    browser = signed_in(quick_staff.farid)
    body = {"field": "hours", "value": "4", "reason": "x", "seen_until": seen}
    address = f"/api/experience/v1/work-items/{item.number}/corrections"
    assert browser.post(address, body, content_type="application/json").status_code == 409
    unseen = {name: value for name, value in body.items() if name != "seen_until"}
    for each in (unseen, unseen | {"seen_until": None}):
        answer = browser.post(address, each, content_type="application/json")
        assert (answer.status_code, "Clara Voss has corrected" in answer.json()["detail"]) == (409, True), each
    ahead = browser.post(address, body | {"seen_until": overlays.newest() + 1}, content_type="application/json")
    assert (ahead.status_code, ahead.json()["errors"][0]["pointer"]) == (422, "/seen_until")
    assert Overlay.objects.get(ended_at=None).value == "0.5"
    page = browser.post(f"/queue/{item.number}/corrections/", body)
    assert page.status_code == 422
    assert "Clara Voss has corrected" in text_of(page)


class Asked:
    """What a target answers that is asked by our key."""

    def __init__(self, body: Any, found: bool = True) -> None:
        self.found = found
        self.body, self.reference, self.external_id, self.version = body, "LR-9", "X9", None


def test_target_is_asked_what_it_has_now(
    quick_world: Make, quick_staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = zero_hours(quick_world())

    def ask(ids: Any) -> list[Any]:
        return [looking.Answer(ids[0], "TE-0000001", None, None, Asked({"hours": 5}))]  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "ask", ask)
    page = signed_in(quick_staff.farid).post(place(item, "inquiries/"))
    assert "Asked just now: it stands there as LR-9." in text_of(page)
    assert " 5 " in row_of(page, "hours")


def test_target_that_cannot_be_asked_says_so(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Not today.")
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    page = signed_in(quick_staff.farid).post(place(WorkItem.objects.get(), "inquiries/"))
    assert "cannot be asked by our key" in text_of(page)


def test_strangers_find_nothing(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    browser = signed_in(quick_staff.stranger)
    assert browser.get(place(item)).status_code == 404
    for what in ("inquiries/", "checks/", "corrections/"):
        assert browser.post(place(item, what), {"field": "hours", "value": "4", "reason": "x"}).status_code == 404
    viewer = signed_in(quick_staff.viktor)
    assert viewer.get(place(item)).status_code == 200
    assert viewer.post(place(item, "checks/"), {"field": "hours", "value": "4"}).status_code == 403


def test_hidden_values_stay_hidden(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world(), worker_name="Maria Lopes")
    assert "Maria" not in signed_in(quick_staff.viktor).get(place(item)).content.decode()


def test_form_asks_the_same_whatever_the_item_holds(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    browser = signed_in(quick_staff.farid)
    browser.get(place(item))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            browser.get(place(item))
        counts.append(len(found))
        world.take_in(*(entry(number, hours="0.00") for number in range(5, 30)))
        intake.take_in()
    assert counts[0] == counts[1]
    assert counts[0] <= 36


def test_fields_verdicts_and_the_present_value_are_told_through_the_api(
    quick_world: Make, quick_staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = zero_hours(quick_world())
    member = item.failures().get()
    address = f"/api/experience/v1/work-items/{item.number}/members/{member.pk}"
    browser = signed_in(quick_staff.farid)
    shown = browser.get(address)
    assert shown.status_code == 200, shown.content
    first = shown.json()["fields"][0]
    assert (first["name"], first["failing"], first["editable"]) == ("hours", True, True)

    def said(value: str, field: str = "hours") -> Any:
        return browser.post(f"{address}/checks", {"field": field, "value": value}, content_type="application/json")

    told = said("7.5").json()
    assert (told["fits"], told["goes_on"]) == (True, True)
    assert "amount" in {each["field"] for each in told["follows"]} or told["follows"] == []
    assert said("seven").json()["fits"] is False
    assert said("x", "entry_id").status_code == 409
    assert not Overlay.objects.exists(), "nothing is kept"

    monkeypatch.setattr(looking, "ask", lambda ids: [])
    asked = browser.post(f"{address}/inquiries", {}, content_type="application/json")
    assert (asked.status_code, asked.json()["target_at"]) == (200, None)
    assert asked.json()["target_in_words"].startswith("It is not asked")
    assert signed_in(quick_staff.viktor).post(f"{address}/checks", {"field": "hours", "value": "1"},
                                              content_type="application/json").status_code == 403  # fmt: skip
    assert signed_in(quick_staff.stranger).get(address).status_code == 404


@pytest.mark.parametrize("key", [[None, "0123456789abcdef"], [None], [7], ["x"], [], [["x"]]])
def test_page_of_members_that_nobody_gave_is_refused(quick_world: Make, quick_staff: Staff, key: list[Any]) -> None:
    address = f"/api/experience/v1/work-items/{zero_hours(quick_world()).number}/members"
    assert signed_in(quick_staff.farid).get(address, {"cursor": paging.encoded(key)}).status_code == 400
