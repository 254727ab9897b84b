"""`manage.py backup FILE`: the whole database of this moment in one file, while the hub goes on working."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console

from hub.backups import progress
from hub.backups.refused import Refused
from hub.backups.taking import take
from hub.terminal import TerminalCommand

WITH_KEYS = (
    "The file holds the encryption keys: whoever has it can read every password and token of your connections. "
    "Keep it as you would keep those."
)
WITHOUT_KEYS = (
    "The encryption keys are not in it: keep them apart (docs/encryption-keys.md). Without them a restored hub has to "
    "be given every credential again."
)


class Command(TerminalCommand):
    stopped = "Stopped. No backup was made."
    help = "Writes the whole database, as of this moment, to one file. The hub may go on working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and whether the keys go with it."""
        parser.add_argument("file", type=Path, help="a new file; only its owner can read it")
        parser.add_argument("--with-keys", action="store_true", help="put the encryption keys in, too: mind the file")

    def handle(self, *args: Any, file: Path, with_keys: bool, **options: Any) -> None:
        """Make the backup with progress; say what it holds."""
        console = Console(highlight=False, soft_wrap=True)
        try:
            with progress.bar(console) as bar:
                step = bar.add_task("Backing up", total=None)
                size = take(file.absolute(), with_keys=with_keys, tell=lambda more: bar.advance(step, more))
        except Refused as refused:
            raise CommandError(refused.lines()) from refused
        console.print(f"{file}: {size / 1e6:,.1f} MB. {WITH_KEYS if with_keys else WITHOUT_KEYS}")
