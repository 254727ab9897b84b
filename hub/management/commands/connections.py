"""`manage.py connections test`: asks each system a harmless question and says in words what is wrong."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.text import Text

from connectors import trying
from connectors.models import Connection
from governance import audit
from governance.models import User
from governance.rights import NotAllowed
from governance.scoping import ALL, entity_ids
from hub.terminal import TerminalCommand, actor, console, nothing_named, refuse, sees_none


class Command(TerminalCommand):
    help = (
        "Tests connections, as the button “Test connection” does: each system is asked one harmless question, and what "
        "is wrong is said with what would help. Ends with 1 when one does not work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and with which connections."""
        todo = parser.add_subparsers(dest="todo", required=True, metavar="test")
        test = todo.add_parser("test", help="test the named connections, or all")
        test.add_argument("names", nargs="*", metavar="NAME", help="short names of connections; none: all of them")
        test.add_argument(
            "--by", metavar="USER", help="who asks: their rights count; else the command line, which may all"
        )
        test.add_argument("--json", action="store_true", help="as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Test one after the other."""
        by = actor(options["by"])
        visible = Connection.objects.visible_to(by).select_related("legal_entity").order_by("slug")
        chosen = list(visible.filter(slug__in=options["names"]) if options["names"] else visible)
        missing = sorted(set(options["names"]) - {row.slug for row in chosen})
        if missing:
            raise CommandError(nothing_named("connection", ", ".join(missing), [row.slug for row in visible], by))
        if not chosen and isinstance(by, User) and entity_ids(by) is not ALL:  # else there is none
            raise CommandError(f"Nothing was tested. {sees_none('connection', by)}")
        told, refused = [], []
        for row in chosen:
            try:
                with audit.through("command"):
                    report = trying.try_out(row, by=by)
            except NotAllowed as error:
                refused.append(f"{row.slug}: {error}")
                continue
            told.append({"name": row.slug, "ok": report.ok, "message": report.message, "remedy": report.remedy})
            if not options["json"]:
                self._print(told[-1])
        if options["json"]:
            self.stdout.write(json.dumps({"connections": told}, ensure_ascii=False, indent=1))
        elif not chosen:
            console().print("There is no connection yet.")
        if refused:
            refuse(f"{len(refused)} of {len(chosen)} could not be tested.", refused)
        if not all(each["ok"] for each in told):
            sys.exit(1)

    def _print(self, each: dict[str, Any]) -> None:
        mark = Text("✓ ", style="green") if each["ok"] else Text("✗ ", style="bold red")
        console().print(mark, Text(f"{each['name']}: {each['message']}"), sep="")
        if each["remedy"]:
            console().print(Text(f"    {each['remedy']}"))
