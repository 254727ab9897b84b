"""A worker process for the crash matrix: works off what is due, then moves its own clock on, some times over."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")


def main(leaps: int, seconds: float) -> None:
    django.setup()
    from django.db import connection

    from routes import inline

    for leap in range(leaps + 1):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('throughline.clock_offset', %s, false)", [f"{leap * seconds} seconds"])
        inline.work_off()
    print("at rest", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
