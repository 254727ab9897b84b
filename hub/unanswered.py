"""What commands say in place of a trace when the database is at rest, or is not that of this release."""

import os
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, ProgrammingError

from hub.environment import declared
from hub.settings import GIVEN
from hub.supervisor.addresses import remembered
from hub.supervisor.places import DATA

LACKING = ("42P01", "42703")  # a table, a column that is not there


def words(error: BaseException) -> str:
    """Return what, why and what helps; empty for every other error."""
    if isinstance(error, OperationalError):
        if nothing := no_hub():
            return nothing
        return f"The database does not answer: {_first(error)}. Start the hub (make run), or check DATABASE_URL."
    if isinstance(error, ProgrammingError) and getattr(error.__cause__, "sqlstate", None) in (None, *LACKING):
        return (
            f"The database has not the schema of this release: {_first(error)}. "
            "Start the hub (make run), which brings it up to date, or: manage.py migrate"
        )
    return ""


def no_hub() -> str:
    """Return what to say where STATE is no hub's folder and no other database is named; empty where it is one's."""
    state = Path(settings.STATE)
    if GIVEN[declared.DATABASE_URL] or remembered(state) or os.path.isdir(state / DATA):
        return ""
    return (
        f"There is no hub in {state}: {whence()}, and it holds no database. Give the folder that the hub was started "
        "with, as in STATE=/srv/hub manage.py …; or DATABASE_URL, where the database is your own."
    )


def whence() -> str:
    """Return where this program has its folder from."""
    return "STATE names this folder" if os.environ.get("STATE") else "STATE was not given, so it is this folder"


def _first(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
