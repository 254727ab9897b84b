"""Where in a body of the API what is wrong with a row of a table stands: JSON Pointers (RFC 6901)."""

from collections.abc import Sequence

from governance.api.refusals import INVALID_BODY, FieldError, Refused
from mappings.tables import RowErrors, RowProblem

DAYS = {"valid from": "/valid_from", "valid to": "/valid_to", "key": "/key"}
WHOLE = ("rows", "table")  # what is wrong with no row in particular


def refused(error: RowErrors, *, keys: Sequence[str] = (), many: bool = False) -> Refused:
    """Return the refusal (422) of rows, each mistake at its field; `keys` are the table's key columns, where sent.

    Of `many` rows, they stand in the list `rows` of the body; else the one row is the body itself.
    """
    errors = [
        FieldError(_pointer(each, keys, many=many), _words(each, many=many), each.remedy) for each in error.problems
    ]
    words = (
        "Some rows cannot be; none was added."
        if many
        else f"{errors[0].pointer or 'The body'}: {errors[0].detail} Nothing was done."
    )
    return Refused(INVALID_BODY, words, errors=errors)


def _pointer(problem: RowProblem, keys: Sequence[str], *, many: bool) -> str:
    if problem.column in WHOLE:
        return "/rows" if many else ""
    row = f"/rows/{problem.number - 1}" if many else ""
    if problem.column in DAYS:
        return row + DAYS[problem.column]
    if problem.column in keys:
        return f"{row}/key/{keys.index(problem.column)}"
    return f"{row}/values/{problem.column.replace('~', '~0').replace('/', '~1')}"


def _words(problem: RowProblem, *, many: bool) -> str:
    return f"Row {problem.number}, {problem.column}: {problem.message}" if many else problem.message
