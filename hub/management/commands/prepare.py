"""`manage.py prepare`: schema and static files, quick when nothing is to do. The supervisor calls it each time."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from hub.supervisor.foreign import refuse_old
from hub.supervisor.problems import CannotStart
from hub.supervisor.stale import forget_signs
from hub.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Brings the schema and the static files up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate when a migration waits, then collect static files."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW server_version_num")
                refuse_old(int(cursor.fetchone()[0]) // 10_000)
            self._migrate()
        except CannotStart as error:
            raise CommandError(f"{error.thing}: {error.cause} {error.remedy}") from error
        except DatabaseError as error:
            raise CommandError(f"The schema could not be brought up to date: {str(error).strip()}") from error
        forget_signs(Path(settings.STATE) / "run", of_this_machine=False)  # each new container has another name
        call_command("collectstatic", interactive=False, verbosity=0)

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            call_command("migrate", interactive=False, verbosity=0)
            self.stdout.write(f"  {len(waiting)} migrations applied")
