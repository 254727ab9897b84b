"""Warnings of rules as people and senders meet them."""

from collections.abc import Callable

from django.db import transaction
from django.urls import reverse

from exceptions_queue.codes import code_of
from governance.actor import ENGINE
from routes import events, intake, receive, runs
from routes.models import Run, Transaction
from routes.models.inbound import Via
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.test_rule_warnings import LONG, warning
from tests.routes.world import OUTWARD, World, entry

Make = Callable[..., World]


def warned(make_world: Make) -> tuple[World, Run]:
    """A run with one transaction of which a rule warns, and one without."""
    world = make_world()
    warning(world, OUTWARD, "long-day", "hours <= 10", LONG)
    run = runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    with transaction.atomic():
        receive.take_in(world.plan, [entry(1), entry(2, hours="12.00")], run=run.pk)
    return world, run


def test_transaction_page_shows_what_rules_warn_of(make_world: Make, staff: Staff) -> None:
    warned(make_world)
    of = {t.key: reverse("queue:transaction", args=[t.pk]) for t in Transaction.objects.all()}
    reader = signed_in(staff.viktor)
    assert LONG in text_of(reader.get(of["TE-0000002"]))
    assert "Rules warn" not in text_of(reader.get(of["TE-0000001"]))


def test_run_page_counts_them_and_leads_to_them(make_world: Make, staff: Staff) -> None:
    _, run = warned(make_world)
    Run.objects.update(legal_entity=Transaction.objects.all()[0].legal_entity)
    reader = signed_in(staff.viktor)
    page = reader.get(reverse("queue:run", args=[run.pk]))
    place = f"{reverse('queue:transactions')}?run={code_of(run.pk)}&amp;warned=1"
    assert "1 transaction went on though a rule warns of it" in text_of(page)
    assert place in page.content.decode()
    found = text_of(reader.get(place.replace("&amp;", "&")))
    assert "TE-0000002" in found
    assert "TE-0000001" not in found


def test_api_tells_the_warnings_of_an_event(make_world: Make, staff: Staff) -> None:
    world, _ = warned(make_world)
    intake.accept(world.route, body=b"[]", via=Via.WEBHOOK)
    event = intake.InboundEvent.objects.get()
    records = [t.record_id for t in Transaction.objects.order_by("key")]
    intake.InboundEvent.objects.update(record_ids=records, legal_entity=Transaction.objects.all()[0].legal_entity)
    story = events.what_became_of(event.pk, by=staff.farid)
    assert [place["warnings"] for each in story["records"] for place in each["destinations"]] == [[], [LONG]]
