"""`manage.py first_run`: the demonstration firm once, then the main job. The supervisor calls it at each start."""

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands

from hub.demonstration import LeftOut, is_loaded, require_ours, staff
from hub.environment import declared
from hub.environment.reading import read
from hub.terminal import TerminalCommand

MARKER = "demonstration.loaded"  # below STATE: the firm is loaded once, people may change it afterwards


class Command(TerminalCommand):
    help = "Loads the demonstration firm on the first start and runs the main job."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `load_demo` unless it was, then `main_job`; do nothing with DEMO=0, nor in somebody else's hub."""
        if os.environ.get("DEMO") == "0":
            return
        try:
            require_ours()
        except LeftOut as refused:
            self.stdout.write(f"{refused} DEMO=0 leaves it out from the start.")
            return
        marker = settings.STATE / MARKER
        if "load_demo" in get_commands() and not marker.exists():
            if not is_loaded():  # a database that came back from a backup has it, and people may have changed it
                call_command("load_demo")
            marker.touch()
        staff.note()
        if "main_job" in get_commands() and read(os.environ)[declared.WORKERS]:  # nobody would do the work
            call_command("main_job")
