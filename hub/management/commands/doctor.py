"""`manage.py doctor`: is the hub well? Each thing that is not, with its cause and its remedy."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.text import Text

from hub.doctor import Finding, examine


class Command(BaseCommand):
    help = "Says what is wrong with the hub, why, and what to do; ends with 1 when anything is."
    requires_system_checks = []  # it must be able to speak when those fail

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings."""
        console = Console(highlight=False, soft_wrap=True)
        findings = examine()
        for finding in findings:
            self._print(console, finding)
        if any(finding.wrong for finding in findings):
            sys.exit(1)

    def _print(self, console: Console, finding: Finding) -> None:
        mark = Text("✗ ", style="bold red") if finding.wrong else Text("✓ ", style="green")
        console.print(mark, finding.title, sep="")
        for thing, cause, remedy in finding.wrong:
            console.print(Text(f"    {thing}", style="bold"))
            console.print(Text(f"      Cause:  {cause}"))
            console.print(Text(f"      Remedy: {remedy}"))
