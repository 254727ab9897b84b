"""In which order tests run and which of them stay together, so that no process of pytest waits for another.

What takes longest begins first, so that none is left alone with it at the end. Tests that share a costly thing (a
module's simulator, the real Tryton) stay in one process, which makes the thing once.
"""

import os
from contextlib import suppress
from functools import cache
from importlib import import_module

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


def read_ahead(config: pytest.Config) -> None:
    """Let each of several processes that read all tests begin with other ones.

    To read a test for the first time takes twice as long as ever after: its assertions are rewritten, and kept. In step
    with the others, each process would rewrite every one of them.
    """
    given = getattr(config, "workerinput", None)
    if given is None or config.option.file_or_dir:
        return
    import_module("hub.urls")  # what registers itself does so in one order, whichever test is read first
    number, processes = int(given["workerid"].removeprefix("gw")), given["workercount"]
    for file in sorted((ROOT / "tests").rglob("test_*.py"))[number::processes]:
        with suppress(Exception):  # the collection tells what is wrong with it
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def arrange(items: list[pytest.Item]) -> None:
    """Sort tests, long ones first; the same in every process."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    marks = {mark.name for mark in item.iter_markers()}
    order = ("slow", "erp", "processes")  # Tryton is prepared while the slow ones run
    place = next((place for place, name in enumerate(order) if name in marks), len(order))
    return place + (place == len(order) and not together(item.nodeid.partition("::")[0]))
