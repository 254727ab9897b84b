"""The page for senders names every problem and every reason of refusal, as the code has them."""

import re
from pathlib import Path

from hub.problems import KINDS
from routes.models.inbound import Refusal

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()


def test_page_names_every_problem_with_its_status_and_title() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE))
    assert told == {(kind.name, str(kind.status), kind.title) for kind in KINDS}


def test_page_names_every_reason_of_refusal() -> None:
    assert set(re.findall(r"\| `([a-z_]+)` \|$", PAGE, re.MULTILINE)) == set(Refusal.values)
