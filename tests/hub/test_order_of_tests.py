"""Each of several processes that read all tests begins with a share of its own; what is wrong is left to be told."""

from types import SimpleNamespace
from typing import Any

import pytest

from hub.supervisor.options import ROOT
from tests import order


def config(number: int, processes: int, *files: str) -> Any:
    given = {"workerid": f"gw{number}", "workercount": processes}
    return SimpleNamespace(workerinput=given, option=SimpleNamespace(file_or_dir=list(files)))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tests that are read ahead; none is, each is broken."""
    asked: list[str] = []

    def broken(name: str) -> None:
        if name == "hub.urls":  # by which everything is registered in one order
            return
        asked.append(name)
        raise SyntaxError(name)

    monkeypatch.setattr(order, "import_module", broken)
    return asked


def test_each_test_is_read_ahead_by_one_process(read: list[str]) -> None:
    for number in range(5):
        order.read_ahead(config(number, 5))
    assert __name__ in read
    assert len(read) == len({*read}) == len([*(ROOT / "tests").rglob("test_*.py")])


def test_nothing_is_read_ahead_by_one_process_alone_or_of_tests_that_nobody_asked_for(read: list[str]) -> None:
    order.read_ahead(config(0, 2, "tests/hub/test_order_of_tests.py"))
    order.read_ahead(SimpleNamespace(option=SimpleNamespace(file_or_dir=[])))
    assert read == []
