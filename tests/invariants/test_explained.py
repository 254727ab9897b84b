"""Explained: every change of state has an actor, a time and a reason; and there is one writer of states."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from governance.actor import ENGINE
from governance.identifiers import new_id
from routes import accounting, decisions
from routes.models import Transaction, Transition
from routes.states import BEGINNING, MOVES, State, move
from tests.routes.world import World, entry

Make = Callable[..., World]
ROUTES = Path(__file__).resolve().parents[2] / "routes"


def test_only_the_states_module_changes_states() -> None:
    """A second writer would be a change of state without a history."""
    setting = re.compile(r"UPDATE\s+routes_transaction\b(?:(?!\bFROM\b|\bWHERE\b).)*?\bstate\s*=", re.S | re.I)
    found = [p.name for p in sorted(ROUTES.rglob("*.py")) if setting.search(p.read_text())]
    assert found == ["states.py"]


@pytest.mark.parametrize("old", [o for o in MOVES if o != BEGINNING])
@pytest.mark.parametrize("new", list(State))
def test_move_makes_no_change_that_the_table_does_not_have(db: None, old: str, new: State) -> None:
    if new in MOVES[old]:
        assert move([], frm=State(old), to=new, by=ENGINE, reason="allowed") == []
    else:
        with pytest.raises(ValueError, match="not in the table"):
            move([], frm=State(old), to=new, by=ENGINE, reason="not allowed")


UNEXPLAINED = [
    ("transition", "actor = ''"), ("transition", "reason = ''"), ("transition", "at = NULL"),
    ("transition", "actor_kind = ''"), ("walk", "actor = ''"), ("walk", "actor_kind = ''"),
    ("walk", "reasons[2] = ''"), ("walk", "reasons[2] = NULL"), ("walk", "times[2] = NULL"),
    ("walk", "to_states[2] = ''"), ("walk", "reasons = reasons[1:2]"), ("walk", "times = '{}'"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "change"), UNEXPLAINED)
def test_database_refuses_a_change_of_state_without_explanation(quick_world: Make, table: str, change: str) -> None:
    world = quick_world()
    world.take_in(entry(1))
    world.deliver()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE routes_{table} SET {change}")


def test_state_that_was_set_behind_the_historys_back_is_found(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(2), entry(3))
    assert accounting.unexplained() == []
    first, second, _ = world.transactions()
    Transaction.objects.filter(pk=first.pk).update(state="posted")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH lame AS (INSERT INTO routes_walk SELECT %s, from_states[1:3], to_states[1:3], times[1:3],"
            " reasons[1:3], actor_kind, actor FROM routes_walk LIMIT 1)"
            " UPDATE routes_transaction SET walk_id = %s WHERE id = %s",
            [lame := new_id(), lame, second.pk],
        )
    assert accounting.unexplained() == sorted([first.pk, second.pk])


def test_history_names_the_person_who_decided(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    [failed] = world.transactions()
    decisions.waive([failed.pk], by=ENGINE, reason="entered by mistake")
    last = Transition.objects.filter(subject_id=failed.pk).order_by("at", "id").last()
    assert last is not None
    assert (last.to_state, last.reason, bool(last.actor)) == ("waived", "entered by mistake", True)
    assert accounting.unexplained() == []
