"""In which order tests run and which of them stay together, so that no process of pytest waits for another.

What takes longest begins first, so that none is left alone with it at the end. Tests that share a costly thing (a
module's simulator, the real Tryton) stay in one process, which makes the thing once.
"""

import os
from functools import cache

import pytest
from xdist.scheduler import LoadScopeScheduling

from hub.supervisor.options import ROOT

LOADING = ("tests/api/test_fuzz.py",)  # schemathesis alone takes a process two seconds


class InOrder(LoadScopeScheduling):
    """Gives processes the next test, or the next tests that stay together, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid.partition("::")[0]) or nodeid


@cache
def together(file: str) -> str:
    """Return a name for what the tests of a file share, empty when they share nothing that is costly."""
    if file.startswith("tests/pages/"):  # a browser and a firm
        return file
    if file.startswith("tests/erp/"):
        return "tryton: routes" if file.startswith("tests/erp/test_routes") else "tryton"
    if file in LOADING:
        return "" if "FUZZ_EXAMPLES" in os.environ else file  # at length, each role takes minutes
    text = (ROOT / file).read_text()
    shares = 'scope="module"' in text or file.startswith(("tests/vendors/", "tests/sandbox/"))
    return file if shares and "mark.slow" not in text else ""


def arrange(items: list[pytest.Item]) -> None:
    """Sort tests, long ones first; the same in every process."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    marks = {mark.name for mark in item.iter_markers()}
    order = ("slow", "erp", "processes")  # Tryton is prepared while the slow ones run
    place = next((place for place, name in enumerate(order) if name in marks), len(order))
    return place + (place == len(order) and not together(item.nodeid.partition("::")[0]))
