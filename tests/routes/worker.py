"""Worker processes for the crash matrix: one process loads Django once, and forks a worker for each order on its input.

A worker works off what is due, then moves its own clock on, some times over; or dies at its crash point. What is
new travels in consignments, or is queued one by one.
Orders and answers are lines of JSON: {"die_at", "leaps", "seconds", "allowed": [...], "travels"} → exit code.
"""

import json
import os
import sys

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")


def work(order: dict) -> None:
    from routes import ahead, crashpoints, inline
    from tests import clocks

    settings.OUTBOUND_ALLOWED = order["allowed"]
    crashpoints._wanted, _, count = order["die_at"].partition(":")
    crashpoints._left = int(count or "1")
    for leap in range(order["leaps"] + 1):
        if leap:
            clocks.later(order["seconds"])
        settings.CONSIGNMENTS = bool(order.get("travels"))
        ahead.serve(settings.CONSIGNMENTS)
        inline.work_off()


def main() -> None:
    django.setup()
    from connectors import engine  # noqa: F401 - loaded before the forks, so that each costs milliseconds
    from routes import inline  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
