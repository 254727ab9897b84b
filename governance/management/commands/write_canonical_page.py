"""`manage.py write_canonical_page`: make docs/canonical.md from the code."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from canonical.page import render


class Command(BaseCommand):
    """Writes the page; a test fails while it is not current."""

    help = "Write docs/canonical.md from the canonical entities and the failure categories."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and say where."""
        page = settings.BASE_DIR / "docs" / "canonical.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(render(), encoding="utf-8")
        self.stdout.write(f"Wrote {page}.")
