"""`manage.py restore FILE`: the database as a backup has it, all of it or nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console

from hub.backups import progress
from hub.backups.refused import Refused
from hub.backups.restoring import restore
from hub.terminal import TerminalCommand


class Command(TerminalCommand):
    stopped = "Stopped. The database is as it was: a restore is done as a whole or not at all."
    help = "Puts the database back as a backup has it, all of it or nothing. Stop the hub first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and whether what is there may go."""
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` made")
        parser.add_argument("--replace", action="store_true", help="drop everything that the database holds now")

        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="restore though keys of its secrets are missing: they have to be entered again",
        )

    def handle(self, *args: Any, file: Path, replace: bool, without_secrets: bool, **options: Any) -> None:
        """Restore with progress; say what else is to do."""
        console = Console(highlight=False, soft_wrap=True)
        told: list[str] = []
        try:
            with progress.bar(console) as bar:
                total = 2 * file.stat().st_size if file.exists() else None  # each byte is checked, then loaded
                step = bar.add_task("Restoring", total=total)
                restore(
                    file,
                    replace=replace,
                    without_secrets=without_secrets,
                    tell=lambda more: bar.advance(step, more),
                    say=told.append,
                )
        except Refused as refused:
            raise CommandError(refused.lines()) from refused
        for each in told:
            console.print(each)
        console.print("Restored. Start the hub, then ask whether all is well: manage.py doctor.")
