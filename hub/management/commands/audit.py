"""`manage.py audit verify`: is the audit trail the one that was written? Says what that proves, and what not."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from rich.text import Text

from governance import audit
from hub import trail
from hub.terminal import TerminalCommand, console

REMEDY = "Compare the database with a backup of before, and ask who has had access to it. The notes are in {place}."


class Command(TerminalCommand):
    help = (
        "Goes through the whole audit trail: every entry against its digest, every seal against the one before it, and "
        "the seals against the heads that were noted outside of the database each night. Ends with 1 when anything is "
        "not as it was written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do."""
        todo = parser.add_subparsers(dest="todo", required=True, metavar="verify")
        verify = todo.add_parser("verify", help="check the whole trail; reads every entry once")
        verify.add_argument("--json", action="store_true", help="as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and say what is proven."""
        verdict, rewritten, notes = audit.verify(), list(trail.differs_from_notes()), trail.notes()
        wrong = [f"entry {b.position or 'without a seal'}: {b.message}" for b in verdict.breaks] + rewritten
        if options["json"]:
            found = {
                "intact": not wrong,
                "entries": verdict.entries,
                "head": verdict.head,
                "notes": len(notes),
                "wrong": wrong,
            }
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
        else:
            self._tell(verdict, notes, wrong)
        if wrong:
            sys.exit(1)

    def _tell(self, verdict: audit.Verdict, notes: list[dict[str, Any]], wrong: list[str]) -> None:
        out = console()
        if wrong:
            out.print(Text("✗ The audit trail is not as it was written", style="bold red"))
            for each in wrong:
                out.print(Text(f"    {each}"))
            out.print(Text(f"    Remedy: {REMEDY.format(place=trail.place())}"))
            return
        sound = "none was changed, removed or slipped in, and their order is that of their commits."
        out.print(Text(f"✓ {verdict.entries:,} entries: {sound}", style="green"))
        noted = [each for each in notes if each.get("entries")]
        if noted:
            last = noted[-1]
            out.print(
                f"  It passes through all {len(noted)} heads in {trail.place()}, the last of {last['at'][:16]} UTC: up "
                f"to entry {last['entries']:,} nobody has rewritten it as a whole since."
            )
        else:
            out.print(
                "  No head was noted outside of the database yet, so that whoever can write to all of it could have "
                "rewritten it as a whole. The clock (beat) notes one every night."
            )
        out.print(f"  Head: {verdict.head or 'none'}. Note it elsewhere for what it is worth.")
