"""The two clocks of the hub in a test: the database's, which may jump, and the machine's seconds, which only pass."""

from django.db import connection


def later(seconds: float) -> None:
    """Let time pass: both clocks go on, the database's for this connection."""
    from routes import clock

    clock.passed += seconds
    jump(seconds)


def jump(seconds: float) -> None:
    """Set the database's clock ahead or back, for this connection; no time passes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM hub_now() - clock_timestamp())")
        gone = float(cursor.fetchone()[0])
        cursor.execute("SELECT set_config('throughline.clock_offset', %s, false)", [f"{gone + seconds:.6f} seconds"])


def set_right() -> None:
    """Take back whatever a test did to the clocks of this process."""
    from routes import clock

    clock.passed = 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('throughline.clock_offset', '', false)")
