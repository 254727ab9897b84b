"""`manage.py formulas`: write docs/formulas.md from the functions' docstrings."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mappings.help import page


class Command(BaseCommand):
    """Writes the page about formulas."""

    help = "Write docs/formulas.md from the functions' docstrings."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page and say where it is."""
        path = Path(settings.BASE_DIR) / "docs" / "formulas.md"
        path.write_text(page(), encoding="utf-8")
        self.stdout.write(f"Wrote {path}.")
