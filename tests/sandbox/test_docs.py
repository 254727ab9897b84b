"""The page about the sandbox names every fault, mode, admin endpoint, trouble and act there is."""

import re
from datetime import date
from pathlib import Path

import pytest

from sandbox.faults import Fault
from sandbox.firm.reference import reference
from sandbox.firm.story import Story
from sandbox.firm.timesheets import Firm
from sandbox.firm.troubles import troubles
from sandbox.ledger.book import Mode
from sandbox.ledger.server import Ledger
from sandbox.ledger.source import Source

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text()


def test_every_fault_and_mode_is_described():
    for word in (*Fault, *Mode):
        assert f"| `{word}` |" in PAGE


def test_every_trouble_is_described():
    for trouble in troubles(Firm(date(2026, 11, 21))):
        assert f"| `{trouble.name}` |" in PAGE


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path, date(2026, 11, 21), 1)


def test_every_admin_endpoint_is_named(story, tmp_path):
    paths = {path for _, path in Ledger(tmp_path, mode=Mode.BLIND, entries=Source(tmp_path, seed=1, count=1))._admin}
    for site in (story.harvest, story.netsuite):
        paths |= {resource.canonical for resource in site.application().router.resources()}
    named = [path for path in paths if path.startswith("/_sandbox/")]
    assert len(named) > 20
    for path in named:
        assert re.sub(r"\{type\}", "{table}", path) in PAGE, path


def test_what_a_connection_of_ones_own_needs_is_told():
    assert "OUTBOUND_ALLOWED=127.0.0.1:*" in PAGE
    given = reference(Firm(date(2026, 11, 21)))["connections"]
    for system, answers in given.items():
        for name, answer in answers.items():
            assert f"`{answer}`" in PAGE or name == "certificate", f"{system}: {name}"


def test_every_act_is_named(story):
    for act in ("reject", "correct", "create_project", "raise_cap", "open_period"):
        assert hasattr(story, act)
        assert f"`{act}`" in PAGE
