"""What running a mapping on one record gives, and how an error of generated code becomes a problem in words."""

from types import TracebackType
from typing import Any, NamedTuple

from canonical.failure import Category
from canonical.problem import Problem
from mappings.formula.problems import UnacceptableError
from mappings.formula.writer import Site


class Miss(NamedTuple):
    """A key that the batch's snapshot does not hold yet."""

    kind: str  # "lookup" or "xref"
    name: str  # table or entity
    column: str  # value column; for xref the slug of another connection
    key: tuple[Any, ...]  # key values as text; for lookup followed by the day


class Mapped(NamedTuple):
    """The outcome for one record. With an error among the problems the values are incomplete."""

    values: dict[str, Any]
    problems: list[Problem]
    misses: list[Miss]  # not fetched yet; empty after a batch
    hits: list[int]  # ids of the table rows that were read, in the order of reading

    @property
    def failed(self) -> bool:
        """Tell whether an error (not only a warning) was found."""
        return any(problem.severity == "error" for problem in self.problems)


class NotFetchedError(Exception):
    """The snapshot has not asked the database for this key yet; the record runs again after it has."""

    def __init__(self, miss: Miss) -> None:
        self.miss = miss
        super().__init__(miss)


class NoRowError(Exception):
    """The database was asked and has no row or cross-reference for this key."""

    def __init__(self, miss: Miss) -> None:
        self.miss = miss
        super().__init__(miss)


LITERALS = {"True": True, "False": False}

# What generated code can raise. UnboundLocalError (a NameError) means: a field that this one needs has failed already.
CATCHABLE = (
    UnacceptableError,
    NotFetchedError,
    NoRowError,
    ArithmeticError,
    TypeError,
    ValueError,
    NameError,
    AttributeError,
    RecursionError,
)


def explain(
    error: Exception, sites: dict[int, Site], problems: list[Problem], misses: list[Miss], prefix: str = ""
) -> None:
    """Add what went wrong in one field to the problems, or to the misses when the snapshot only lacks a key."""
    if isinstance(error, NotFetchedError):
        misses.append(error.miss)
        return
    if isinstance(error, NameError) and (problems or misses):
        return
    traceback = error.__traceback__
    site = _site(traceback, sites)
    if isinstance(error, NoRowError):
        problems.append(_no_row(error.miss, site, prefix))
        return
    assert traceback is not None
    variables, constants = traceback.tb_frame.f_locals, traceback.tb_frame.f_globals
    operands = [
        (variables[code] if code in variables else constants.get(code, LITERALS.get(code)), position)
        for code, position in site.operands
    ]
    said = error if isinstance(error, UnacceptableError) else _said_again(site, operands)
    problems.append(_problem(said, error, site, operands, prefix))


def _site(traceback: TracebackType | None, sites: dict[int, Site]) -> Site:
    """Return the site of the generated line that raised; a line without one of its own takes the next."""
    line = traceback.tb_lineno if traceback is not None else 0
    return sites.get(line) or sites[min((each for each in sites if each > line), default=max(sites))]


def _said_again(site: Site, operands: list[tuple[Any, int]]) -> UnacceptableError | None:
    """Repeat the operation in its careful form, which says in words what Python's error only hints at."""
    if site.again is None:
        return None
    try:
        site.again(*(value for value, _ in operands))
    except UnacceptableError as error:
        return error
    except ArithmeticError:
        accepted = "numbers below a million million million"
        return UnacceptableError("The result is too large or not a number", accepted=accepted)
    except (TypeError, ValueError):
        return None
    return None


def _problem(
    said: UnacceptableError | None, error: Exception, site: Site, operands: list[tuple[Any, int]], prefix: str
) -> Problem:
    field = prefix + site.field
    if said is None and isinstance(error, ArithmeticError):
        said = UnacceptableError("The result is too large or not a number", accepted="a finite number")
    if said is None:
        message = f"{field}: the hub met something that it was not made for ({type(error).__name__})."
        return Problem("error", Category.INTERNAL, field, site.position, message, rule=site.rule)
    position = next((where for value, where in operands if value is said.value and value is not None), site.position)
    if said.value is None:
        position = next((where for value, where in operands if value is None), site.position)
    message = f"{field}: {said.message}. Accepted: {said.accepted}." if said.accepted else f"{field}: {said.message}."
    category = Category.SHAPE if said.shape else Category.VALIDATION
    return Problem(
        "warning" if site.severity == "warning" else "error",
        category,
        field,
        position,
        message,
        value=said.value,
        accepted=said.accepted,
        rule=site.rule,
    )


def _no_row(miss: Miss, site: Site, prefix: str) -> Problem:
    field = prefix + site.field
    key = tuple(part if isinstance(part, str) else part.isoformat() for part in miss.key)
    if miss.kind == "xref":
        message = f"{field}: {miss.name} {key[0]!r} is not known yet. It waits until that {miss.name} has arrived."
        return Problem(
            "error", Category.MISSING_REFERENCE, field, site.position, message, key[0],
            f"a {miss.name} that the hub has a cross-reference for", table=miss.name, key=key, rule=site.rule,
        )  # fmt: skip
    *words, day = key
    shown = " / ".join(words)
    message = f"{field}: the table {miss.name} has no row for {shown!r} on {day}. Add the row, or correct the value."
    accepted = f"a key that stands in the table {miss.name}"
    return Problem(
        "error", Category.UNMAPPED_VALUE, field, site.position, message, shown, accepted,
        table=miss.name, key=tuple(words), rule=site.rule,
    )  # fmt: skip
