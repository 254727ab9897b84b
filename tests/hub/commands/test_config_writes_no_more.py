"""`config apply` writes down what it changes, and nothing else."""

from pathlib import Path

import pytest

from governance.models import AuditEntry
from routes.models import Destination, Route
from tests.hub.commands.test_config_apply import exported

__all__ = ["exported"]


@pytest.mark.django_db(transaction=True)
def test_route_that_lacks_only_a_destination_has_no_empty_entry(firm, give, exported: Path) -> None:
    [row] = [each for each in Route.objects.all() if each.destinations.count() == 1][:1]
    Destination.objects.filter(route=row).delete()
    newest = AuditEntry.objects.latest("pk").pk

    done = give("config", "apply", exported, "--by", "ingrid", "--yes")

    assert (done.code, done.err) == (0, "")
    assert row.destinations.count() == 1
    made = AuditEntry.objects.filter(pk__gt=newest)
    assert [each.thing_kind for each in made if each.verb in ("add", "change")] == ["routes.destination"]
    assert {each.channel for each in made} == {"command"}
