"""`manage.py rotate_keys`: encrypt every secret with a new key."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import keys
from governance.actor import ENGINE
from governance.rotation import ask_tables, rotate

OLDER_BACKUPS = (
    "The secrets in backups from before this rotation can then not be read with the keys that are here: "
    "take a new backup, and keep the old keys apart for as long as you keep those."
)


class Command(BaseCommand):
    """Makes a new key (when the keys are in a file), re-encrypts every secret, and may drop the old keys."""

    help = "Encrypt every secret with a new key. The hub may go on running; an interrupted rotation is just repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--new-key", action="store_true", help="only print a new key, for THROUGHLINE_KEYS")
        parser.add_argument("--same-key", action="store_true", help="make no new key; finish a rotation")
        parser.add_argument(
            "--without-old", action="store_true",
            help="the file with the keys is gone for good: make a new one, and name what has to be entered again",
        )  # fmt: skip
        parser.add_argument(
            "--drop-old", action="store_true", help="afterwards drop all keys but the newest: older backups need those"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say what was done and what has to be entered again."""
        if options["new_key"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        try:
            self._rotate(**options)
        except keys.KeysUnusable as error:
            raise CommandError(str(error)) from error

    def _rotate(self, *, same_key: bool, drop_old: bool, without_old: bool, **_: Any) -> None:
        if without_old:
            ask_tables()
            keys.add_first_key()
        elif not keys.from_environment() and not same_key:
            ask_tables()  # a database that does not answer must not leave one key more
            keys.add_key()
        done = rotate(by=ENGINE)
        newest = keys.newest_fingerprint()
        if done.rotated:
            self.stdout.write(f"{_counted(done.rotated, 'secret')} now encrypted with the key {newest}.")
        elif not done.lost:
            self.stdout.write(f"Every secret was encrypted with the key {newest} already.")
        for each in done.lost:
            self.stderr.write(f"{each.thing}, {each.field}: {each.message}")
        if done.lost:
            raise CommandError(f"{len(done.lost)} secrets have to be entered again; the keys were kept.")
        if drop_old:
            self.stdout.write(f"{_counted(keys.keep_only_newest(), 'old key')} dropped. {OLDER_BACKUPS}")
        elif keys.from_environment():
            self.stdout.write(f"You may now remove all but the first key from {keys.place()}. {OLDER_BACKUPS}")


def _counted(number: int, thing: str) -> str:
    return f"1 {thing} is" if number == 1 else f"{number} {thing}s are"
