"""What the commands share that fill a database of their own: its servers, empty or filled already, and saying so."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.supervisor.options import ROOT
from hub.supervisor.servers import Servers

MARK = "filled.json"  # what the database below a state's folder holds


@contextmanager
def servers(state: Path, *, keep: bool) -> Iterator[tuple[Servers, bool]]:
    """Start servers with an empty database, or with the one that is filled already, and set Django up on them.

    Yields them, and whether the database is filled.
    """
    is_filled = keep and (state / MARK).is_file()
    if not is_filled:
        (state / MARK).unlink(missing_ok=True)
        shutil.rmtree(state / "postgresql", ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711)  # the servers' own account walks through
    started = Servers.below(state)
    started.start()
    try:
        os.environ.update(started.environment, STATE=str(state), DJANGO_SETTINGS_MODULE="hub.settings")
        os.environ["CONNECTOR_PATHS"] = str(ROOT / "bench" / "connectors")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        yield started, is_filled
    finally:
        started.stop()


class Said:
    """Says what is done, and how long it took since the last time."""

    def __init__(self) -> None:
        """Begin now."""
        self._at = time.monotonic()

    def __call__(self, what: str) -> None:
        """Say it."""
        now = time.monotonic()
        print(f"  {what}: {now - self._at:,.0f} s", file=sys.stderr, flush=True)
        self._at = now
