"""`manage.py doctor`: is the hub well? Each thing that is not, with its cause and its remedy."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from rich.console import Console
from rich.text import Text

from hub.doctor import Finding, examine
from hub.terminal import TerminalCommand


class Command(TerminalCommand):
    help = (
        "Looks at everything that an operator would check, and says what is wrong with the hub, why, and what to do; "
        "ends with 1 when anything is. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how to tell."""
        parser.add_argument("--json", action="store_true", help="as JSON, for programs: each check with what is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings."""
        console = Console(highlight=False, soft_wrap=True)
        findings = examine()
        if options["json"]:
            self.stdout.write(json.dumps({"checks": [_plain(each) for each in findings]}, ensure_ascii=False, indent=1))
        for finding in () if options["json"] else findings:
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


def _plain(finding: Finding) -> dict[str, Any]:
    wrong = [dict(zip(("thing", "cause", "remedy"), each, strict=True)) for each in finding.wrong]
    return {"title": finding.title, "well": not wrong, "wrong": wrong}
