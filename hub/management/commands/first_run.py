"""`manage.py first_run`: the demonstration firm once, then the main job. The supervisor calls it at each start."""

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

MARKER = "demonstration.loaded"  # below STATE: the firm is loaded once, people may change it afterwards


class Command(BaseCommand):
    help = "Loads the demonstration firm on the first start and runs the main job."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `load_demo` unless it was, then `main_job`; do nothing with DEMO=0."""
        if os.environ.get("DEMO") == "0":
            return
        marker = settings.STATE / MARKER
        if "load_demo" in get_commands() and not marker.exists():
            call_command("load_demo")
            marker.touch()
        if "main_job" in get_commands():
            call_command("main_job")
