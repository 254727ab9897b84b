"""Time lines reach the real Tryton through a route exactly once, whatever breaks on the way."""

from collections.abc import Callable

import pytest

from routes.models import Attempt, Effect, KeyHead
from tests.clocks import later
from tests.erp.conftest import Tryton
from tests.erp.cutting import CuttingProxy
from tests.erp.routed import Hub, effects, entry, open_failures

pytestmark = pytest.mark.erp

SETTLED = (65, 35, 5)  # seconds: settle time, the second question, and what follows from it
DIED = (25, 60)  # seconds: the dead worker's lease, and half of one in which it might still have sent


def keys(name: str, count: int = 6) -> list[str]:
    """Return business keys of one test."""
    return [f"{name}-{number}" for number in range(count)]


def test_line_carries_our_key_where_the_mapping_puts_it(make_hub: Callable[..., Hub], tryton: Tryton) -> None:
    hub = make_hub()
    hub.time_route()
    hub.push("time_entry", entry("TE-6001"))
    hub.work_off()

    [line] = tryton.direct.lines("TE-6001")
    assert (line["description"], line["duration"].total_seconds()) == (
        "TE-6001 Interface to the warehouse",
        7.25 * 3600,
    )
    assert hub.states("time_entry") == {"TE-6001": "posted"}


@pytest.mark.parametrize("committed", [True, False])
def test_line_is_there_once_when_its_connection_breaks(
    make_hub: Callable[..., Hub], tryton: Tryton, proxy: CuttingProxy, committed: bool
) -> None:
    hub = make_hub(base_url=proxy.base_url)
    hub.time_route()
    mine = keys(f"TE-61{int(committed)}")
    for key in mine[::2]:
        proxy.cut(f"{key} ".encode(), committed=committed)

    hub.push("time_entry", *map(entry, mine))
    hub.work_off()
    assert sorted(hub.states("time_entry").values()) == ["posted"] * 3 + ["unknown"] * 3
    hub.work_off(leaps=SETTLED)

    assert proxy.cuts == 3
    assert set(hub.states("time_entry").values()) == {"posted"}
    assert [len(tryton.direct.lines(key)) for key in mine] == [1] * 6
    again = [(1, "create", "confirmed")] if committed else [(1, "create", "refused"), (2, "create", "confirmed")]
    assert effects(mine[0]) == again
    mine_too = Effect.objects.values("pk")  # other tests' attempts stay: their table is emptied by no test
    asked = Attempt.objects.filter(kind="look_up", effect_id__in=mine_too).values_list("outcome", flat=True)
    assert list(asked) == (["found"] * 3 if committed else ["not_there"] * 6)


@pytest.mark.processes
@pytest.mark.parametrize("point", ["deliver.after_mark_sent", "deliver.after_send"])
def test_line_is_there_once_when_the_worker_dies(
    make_hub: Callable[..., Hub], tryton: Tryton, worker_that_dies: Callable[[str], None], point: str
) -> None:
    hub = make_hub()
    hub.time_route(window=4)
    mine = keys(f"TE-62{len(point)}")
    hub.push("time_entry", *map(entry, mine))

    worker_that_dies(point)
    there = sum(len(tryton.direct.lines(key)) for key in mine)
    assert there == (4 if point == "deliver.after_send" else 0)
    hub.work_off(leaps=(*DIED, *SETTLED))

    assert set(hub.states("time_entry").values()) == {"posted"}
    assert [len(tryton.direct.lines(key)) for key in mine] == [1] * 6
    assert open_failures() == []
    assert not KeyHead.objects.exclude(transaction_id=None).exists()


def test_wrong_password_is_one_failure_and_everything_goes_on_in_order_when_it_is_right(
    make_hub: Callable[..., Hub], tryton: Tryton
) -> None:
    hub = make_hub()
    hub.time_route(order="in_order")
    hub.erp.secrets = {"password": "expired"}
    hub.erp.save()
    mine = keys("TE-63")
    hub.push("time_entry", *map(entry, mine))
    hub.push("time_entry", entry(mine[0], 2, hours="6.00", amount="720.00"))
    hub.work_off()
    later(30)
    hub.work_off()

    [told] = open_failures()
    assert (told.category, told.transaction_id) == ("credentials", None)
    assert set(hub.states("time_entry").values()) == {"ready"}
    assert tryton.direct.ids("timesheet.line", ["description", "like", "TE-63-%"]) == []

    hub.erp.secrets = {"password": tryton.users["hub"]["password"]}
    hub.erp.save()  # ends the breaker's pause
    hub.work_off()

    assert set(hub.states("time_entry").values()) == {"posted"}
    assert open_failures() == []
    assert [len(tryton.direct.lines(key)) for key in mine] == [1] * 6
    assert effects(mine[0])[-2:] == [(1, "create", "confirmed"), (2, "update", "confirmed")]
    assert tryton.direct.lines(mine[0])[0]["duration"].total_seconds() == 6 * 3600
