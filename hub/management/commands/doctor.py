"""`manage.py doctor`: is the hub well? Each thing that is not, with its cause and its remedy."""

import json
import sys
from argparse import ArgumentParser
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from hub.doctor import UNSEEN, Finding, Wrong, examine
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
        for together, alike in groupby(() if options["json"] else findings, key=_unseen):
            if together:
                self._print(console, [finding.title for finding in alike], together)
            else:
                for finding in alike:
                    self._print(console, [finding.title], finding.wrong)
        if any(finding.wrong for finding in findings):
            sys.exit(1)

    def _print(self, console: Console, titles: list[str], wrong: tuple[Wrong, ...]) -> None:
        mark = Text("✗ ", style="bold red") if wrong else Text("✓ ", style="green")
        for title in titles:
            console.print(mark, title, sep="")
        for thing, cause, remedy in wrong:
            words = thing if len(titles) == 1 else f"These {len(titles)} could not be looked at"
            console.print(Text(f"    {words}", style="bold"))
            console.print(Text(f"      Cause:  {cause}"))
            console.print(Text(f"      Remedy: {remedy}"))


def _unseen(finding: Finding) -> tuple[Wrong, ...]:
    """Return why a check could not be made at all; those with one reason are told together. Empty for all others."""
    return finding.wrong if [each[0] for each in finding.wrong] == [UNSEEN] else ()


def _plain(finding: Finding) -> dict[str, Any]:
    wrong = [dict(zip(("thing", "cause", "remedy"), each, strict=True)) for each in finding.wrong]
    return {"title": finding.title, "well": not wrong, "wrong": wrong}
