"""Pages of records name a system of another company to nobody who does not see that company."""

from collections.abc import Callable

from connectors.models import Connection
from exceptions_queue import intake
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from exceptions_queue.naming import THEIR_ROUTE
from exceptions_queue.templatetags.systems import THEIRS, named_to
from routes.models import Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]


def test_pages_name_no_system_of_another_company(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    Connection.objects.update(legal_entity=company("HP-US"))
    names = set(Connection.objects.values_list("name", flat=True))
    WorkItem.objects.update(connection=world.destination.connection)
    item, [sent] = WorkItem.objects.get(), Transaction.objects.all()
    root = person("Root Solheim", is_superuser=True)
    pages = {
        f"/queue/{item.number}/": "<dt>System</dt>", f"/transactions/{code_of(sent.pk)}/": "to Ledger (",
        "/records/": THEIR_ROUTE,
    }  # fmt: skip
    for page, known in pages.items():
        mine, seen = (signed_in(who).get(page).content.decode() for who in (quick_staff.farid, root))
        assert known in mine, page
        assert THEIRS in mine, page
        assert THEIRS not in seen, page
        assert [each for each in names if f"({each})" in mine] == []
    assert named_to(None, root) == ""
    assert text_of(signed_in(root).get(f"/queue/{item.number}/")).count(world.destination.connection.name)
