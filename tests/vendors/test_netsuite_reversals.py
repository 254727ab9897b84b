"""Taking back what stands in NetSuite because a person asks, over HTTP: once, and into a closed month, too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Connection
from sandbox.launch import Simulator
from tests.governance.people import company, person
from tests.vendors.test_netsuite_periods import ledger, month, push

__all__ = ["ledger", "month"]
WHY = "the day is there twice"


@pytest.fixture
def people(ledger: Connection) -> tuple[Any, Any]:
    """Finance in Germany, and the controller."""
    from governance.rights import Role

    return person("Farid Amini", Role.FINANCE, company("HP-DE")), person("Clara Voss", Role.CONTROLLER)


def there(netsuite: Simulator, key: str) -> list[dict[str, Any]]:
    """Return what stands under a key; what is posted anew has a number behind it."""
    rows = netsuite.admin("GET", "rows/timeBill", system="netsuite")
    return [dict(row) for row in rows if str(row.get("externalId")).partition(".")[0] == key]


def states(key: str) -> list[str]:
    from routes.models import Transaction

    return list(Transaction.objects.filter(key=key).order_by("pk").values_list("state", flat=True))


def done() -> None:
    """Do all that is due, and take in what stopped."""
    from exceptions_queue import intake, releasing
    from exceptions_queue.tasks import sweep
    from routes import inline

    releasing.work(seconds=20)
    inline.work_off()
    intake.take_in()
    sweep()


def asked(key: str, farid: Any) -> Any:
    """Doubt what is posted and have it taken back, as finance does on the pages; return the exception."""
    from exceptions_queue.codes import code_of
    from exceptions_queue.models import WorkItem
    from routes.models import Transaction
    from tests.exceptions_queue.test_pages import signed_in

    [row] = Transaction.objects.filter(key=key)
    browser = signed_in(farid)
    assert browser.post(reverse("queue:questioned", args=[code_of(row.pk)]), {"reason": WHY}).status_code == 302
    item = WorkItem.objects.open().get()
    typed = {"reason": WHY, "sends": "nothing", "root_cause": "source"}
    assert browser.post(reverse("queue:remedy", args=[item.pk, "reversals"]), typed).status_code == 302
    return item


def test_posted_hour_is_taken_back_once_and_sent_anew_by_a_person(
    ledger: Connection, netsuite: Simulator, people: tuple[Any, Any]
) -> None:
    from exceptions_queue import verbs
    from routes.models import Effect

    farid, _ = people
    push("TE-R-1", "2026-08-04")
    assert (len(there(netsuite, "TE-R-1")), states("TE-R-1")) == (1, ["posted"])
    item = asked("TE-R-1", farid)
    done()
    assert (there(netsuite, "TE-R-1"), states("TE-R-1")) == ([], ["reversed", "posted", "held"])
    item.refresh_from_db()
    assert (item.is_open, item.members, item.assignee) == (True, 1, f"person:{farid.pk}")
    push("TE-R-1", "2026-08-04", version=2, hours="6.00")  # the source goes on; nothing is posted unasked
    done()
    assert there(netsuite, "TE-R-1") == []
    item = type(item).objects.open().get()
    verbs.resubmit(item, by=farid, reason="right by now")
    done()
    [row] = there(netsuite, "TE-R-1")
    assert row["hours"] == 6
    said = list(Effect.objects.filter(key="TE-R-1").order_by("number").values_list("operation", "state"))
    assert said == [("create", "confirmed"), ("reverse", "confirmed"), ("create", "confirmed")]
    assert not type(item).objects.open().exists()


def test_reversal_into_a_closed_month_is_held_with_what_to_do_and_goes_once_it_is_open(
    ledger: Connection, netsuite: Simulator, people: tuple[Any, Any], month: Callable[..., None]
) -> None:
    from exceptions_queue import verbs
    from exceptions_queue.models import WorkItem
    from governance.rights import NotAllowed
    from routes import periods
    from routes.models import Effect, Transaction
    from tests.exceptions_queue.test_pages import signed_in, text_of

    farid, clara = people
    push("TE-R-2", "2026-08-04")
    month("2026-08", closed=True)
    periods.refresh(ledger)
    asked("TE-R-2", farid)
    done()
    assert states("TE-R-2") == ["posted", "held", "held"]
    assert Effect.objects.filter(key="TE-R-2").count() == 1, "nothing is sent before somebody approves"
    item = WorkItem.objects.open().get(category="closed_period")
    shown = text_of(signed_in(farid).get(reverse("queue:item", args=[item.number])))
    assert "What it corrects was posted into a period that is closed by now." in shown
    assert "The next open period is 2026-09-01 to 2026-09-30" in shown
    with pytest.raises(NotAllowed, match="the right to approve"):
        verbs.approve(item, by=farid, reason="myself")

    verbs.approve(item, by=clara, reason="agreed")  # NetSuite deletes nothing in a closed month
    done()
    assert (len(there(netsuite, "TE-R-2")), states("TE-R-2")) == (1, ["posted", "held", "held"])
    item = WorkItem.objects.open().get(category="closed_period")
    shown = text_of(signed_in(clara).get(reverse("queue:item", args=[item.number])))
    assert "The accounting period Aug 2026 is closed." in shown

    month("2026-08", closed=False)
    periods.refresh(ledger)
    verbs.resubmit(item, by=farid, reason="the month was opened for it")
    done()
    assert (there(netsuite, "TE-R-2"), states("TE-R-2")) == ([], ["reversed", "posted", "held"])
    operations = Effect.objects.filter(key="TE-R-2").order_by("number").values_list("operation", "state")
    assert list(operations) == [("create", "confirmed"), ("reverse", "refused"), ("reverse", "confirmed")]
    left = WorkItem.objects.open().get()
    assert left.failures().get().transaction_id == Transaction.objects.filter(key="TE-R-2").latest("pk").pk
