"""Deleting a route, a mapping, a connection or a user never deletes history: what a deletion takes along is asked."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models.deletion import Collector, ProtectedError

from connectors.models import Connection
from exceptions_queue import verbs
from exceptions_queue.models import Merge, Release, WorkItem, WorkItemComment, WorkItemEvent
from governance.models import AuditEntry, User
from governance.rights import Role
from mappings.models import Mapping
from routes.models import Failure, Record, Route, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import staff
from tests.governance.people import person
from tests.routes.world import World

__all__ = ["staff"]
# What happened, and who did it: none of it may go with what it is about.
HISTORY = {
    "exceptions_queue": ("WorkItem", "WorkItemEvent", "WorkItemComment", "WorkItemAmount", "WorkItemDay", "Release",
                         "Merge", "SplitMember", "BulkRun", "BulkMember"),
    "routes": ("Failure", "Record", "Transaction", "Transition", "Run", "Effect", "Attempt", "Exchange", "Overlay"),
    "governance": ("AuditEntry", "Version"),
}  # fmt: skip


def kept() -> set[type[models.Model]]:
    return {apps.get_model(app, name) for app, names in HISTORY.items() for name in names}


def taken_along(row: models.Model) -> set[type[models.Model]]:
    """Return the models of which something would go with a row; none where its deletion is refused."""
    collector = Collector(using="default")
    try:
        collector.collect([row])
    except ProtectedError:
        return set()
    fast = {query.model for query in collector.fast_deletes}
    return {*collector.data, *fast}


def test_nothing_of_history_goes_with_what_it_is_about(quick_world: Any, staff: Staff) -> None:
    world: World = quick_world()
    item = missing_rate(world)
    verbs.comment(item, by=staff.clara, text="@Farid Amini asked")
    verbs.resubmit(item, by=staff.clara, reason="again")
    for row in (Route.objects.get(), *Mapping.objects.all(), *Connection.objects.all(), *User.objects.all()):
        assert taken_along(row) & kept() == set(), row


def test_history_is_read_once_all_of_it_is_gone(quick_world: Any, staff: Staff) -> None:
    world: World = quick_world()
    item = missing_rate(world)
    verbs.comment(item, by=staff.clara, text="asked")
    before = {model: model._default_manager.count() for model in (WorkItem, WorkItemEvent, WorkItemComment, Release,
              Merge, Failure, Record, Transaction, AuditEntry)}  # fmt: skip
    staff.clara.delete()
    Mapping.objects.all().delete()
    with pytest.raises(ProtectedError):  # what it has brought is not deleted with it
        Route.objects.get(pk=world.route.pk).delete()
    after = {model: model._default_manager.count() for model in before}
    assert after == before
    page = text_of(signed_in(person("Nina Neu", Role.CONTROLLER)).get(f"/queue/{item.number}/"))
    assert "Clara Voss" in page
    assert "asked" in page


@pytest.mark.parametrize("name", ["route_id", "connection"])
def test_items_name_what_may_go_loosely(name: str) -> None:
    field = WorkItem._meta.get_field(name)
    assert field.remote_field is None or field.remote_field.on_delete is models.DO_NOTHING
