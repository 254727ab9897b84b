"""docs/formulas.md is what the code says."""

from pathlib import Path

from django.conf import settings

from mappings.functions import FUNCTIONS
from mappings.help import page


def test_page_is_current():
    written = (Path(settings.BASE_DIR) / "docs" / "formulas.md").read_text(encoding="utf-8")

    assert written == page(), "Run: python manage.py formulas"


def test_page_tells_of_every_function():
    assert all(f"### {name}\n" in page() for name in FUNCTIONS)
