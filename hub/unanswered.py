"""What commands say in place of a trace when the database is at rest, or is not that of this release."""

from django.db import OperationalError, ProgrammingError

LACKING = ("42P01", "42703")  # a table, a column that is not there


def words(error: BaseException) -> str:
    """Return what, why and what helps; empty for every other error."""
    if isinstance(error, OperationalError):
        return f"The database does not answer: {_first(error)}. Start the hub (make run), or check DATABASE_URL."
    if isinstance(error, ProgrammingError) and getattr(error.__cause__, "sqlstate", None) in (None, *LACKING):
        return (
            f"The database has not the schema of this release: {_first(error)}. "
            "Start the hub (make run), which brings it up to date, or: manage.py migrate"
        )
    return ""


def _first(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
