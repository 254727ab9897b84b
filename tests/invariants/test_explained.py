"""Explained: every change of state has an actor, a time and a reason; and there is one writer of states."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from governance.actor import ENGINE
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


@pytest.mark.parametrize("column", ["actor", "reason", "at", "actor_kind"])
def test_database_refuses_a_change_of_state_without_explanation(quick_world: Make, column: str) -> None:
    world = quick_world()
    world.take_in(entry(1))
    empty = "NULL" if column == "at" else "''"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE routes_transition SET {column} = {empty}")


def test_state_that_was_set_behind_the_historys_back_is_found(quick_world: Make) -> None:
    world = quick_world()
    world.take_in(entry(1), entry(2), entry(3))
    assert accounting.unexplained() == []
    first, second, _ = world.transactions()
    Transaction.objects.filter(pk=first.pk).update(state="posted")
    Transition.objects.filter(subject_id=second.pk, to_state="validated").delete()
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
