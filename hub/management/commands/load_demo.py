"""`manage.py load_demo`: the demonstration firm. A second time it makes what is missing, and no more."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from governance.rights import Role
from hub.demonstration import LeftOut, load
from hub.demonstration.staff import STAFF, told
from hub.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Loads the demonstration firm: companies, people, tables, connections, routes and schedules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the addresses of the simulated systems; those of the running hub are known."""
        parser.add_argument("--harvest", default=settings.SANDBOX.get("harvest", ""), help="http://127.0.0.1:9701")
        parser.add_argument("--netsuite", default=settings.SANDBOX.get("netsuite", ""), help="http://127.0.0.1:9702")
        parser.add_argument("--sandbox-state", type=Path, default=None, help="the sandbox's folder")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, then say who can sign in."""
        if not (options["harvest"] and options["netsuite"]):
            raise CommandError(
                "The simulated systems are not known. Start them with: python -m sandbox all --state FOLDER, "
                "and give their addresses with --harvest and --netsuite."
            )
        try:
            found = load(harvest=options["harvest"], netsuite=options["netsuite"], state=options["sandbox_state"])
        except LeftOut as refused:
            raise CommandError(f"{refused} Load it into a database of its own.") from None
        except (OSError, RuntimeError) as error:
            raise CommandError(
                f"The demonstration firm was not loaded: {error}. Check that the sandbox runs."
            ) from error
        self.stdout.write(
            f"Halden & Partner: {len(found.entities)} companies, {found.rows} rows of tables added, "
            f"{len(found.routes)} routes.\nPeople who can sign in, with {told()}"
        )
        for person in STAFF:
            place = person.legal_entity or "all companies"
            name = f"{person.first_name} {person.last_name}"
            also = f"; {Role.EMERGENCY.label}, {person.emergency}" if person.emergency else ""
            self.stdout.write(f"  {person.user_name:<8} {name:<16} {person.role.label}, {place}{also}")
