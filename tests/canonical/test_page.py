"""The documentation cannot drift from the code."""

from pathlib import Path

from canonical.page import render

PAGE = Path(__file__).parents[2] / "docs" / "canonical.md"


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "Type: python manage.py write_canonical_page"
