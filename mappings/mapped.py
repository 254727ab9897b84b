"""What running a mapping on one record gives, and how an error of generated code becomes a problem in words."""

from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import Any, NamedTuple, cast

from canonical.failure import Category
from canonical.masking import HIDDEN
from canonical.problem import Problem, Severity
from mappings.formula.problems import UnacceptableError
from mappings.formula.writer import Operand, Site


class Miss(NamedTuple):
    """A key that the batch's snapshot does not hold yet."""

    kind: str  # "lookup" or "xref"
    name: str  # table or entity
    column: str  # value column; for xref the slug of another connection
    key: tuple[str, ...]
    day: date | None  # on which the row must be valid; None for xref


class Mapped(NamedTuple):
    """The outcome for one record. With an error among the problems the values are incomplete."""

    values: dict[str, Any]
    problems: list[Problem]
    misses: Sequence[Miss]  # not fetched yet; empty after a batch
    hits: list[int]  # ids of the table rows that were read, in the order of reading

    @property
    def failed(self) -> bool:
        """Tell whether an error (not only a warning) was found."""
        return any(problem.severity == "error" for problem in self.problems)


def settled(values: dict[str, Any], found: list[Problem | Miss], hits: list[int]) -> Mapped:
    """Return the outcome of a record that has problems or misses."""
    misses = [each for each in found if each.__class__ is Miss]
    problems = [each for each in found if isinstance(each, Problem)] if misses else cast(list[Problem], found)
    return Mapped(values, problems, misses, hits)


class NotFetchedError(Exception):
    """The snapshot has not asked the database for this key yet; the record runs again after it has."""

    def __init__(self, miss: Miss) -> None:
        self.miss = miss
        super().__init__(miss)


class NoRowError(Exception):
    """The database was asked and has no row or cross-reference for this key."""

    def __init__(self, miss: Miss, *, waiting: bool = False, trouble: str = "", other_days: str = "") -> None:
        self.miss = miss
        self.waiting = waiting  # a row was proposed and waits for a second person
        self.other_days = other_days  # when the key has rows, in words; "" when it has none on any day
        self.trouble = trouble  # why no key at all can be found: the table or its column does not exist
        self.told: dict[tuple[Site, str], Problem] = {}  # as told before: one cause often stops thousands of records
        super().__init__(miss)


def explain(error: Exception, sites: dict[int, Site], problems: list[Problem | Miss], prefix: str = "") -> None:
    """Add what went wrong in one field to the problems; a key that was not fetched yet stands there as its Miss."""
    if isinstance(error, NotFetchedError):
        problems.append(error.miss)
        return
    if isinstance(error, NameError) and problems:
        return
    traceback = error.__traceback__
    assert traceback is not None
    site = _site(traceback, sites)
    if isinstance(error, NoRowError):
        error.__traceback__ = None  # it is kept and raised again; its frames would keep the whole batch with it
        told = error.told.get((site, prefix))
        if told is None:
            told = error.told[site, prefix] = _no_row(error, site, prefix)
        problems.append(told)
        return
    operands = _operands(error, site, traceback)
    said = error if isinstance(error, UnacceptableError) else _said_again(site, operands)
    problems.append(_problem(said, error, site, operands, prefix))


def _operands(error: Exception, site: Site, traceback: TracebackType) -> list[tuple[Any, Operand]]:
    """Return the values that the failed operation worked on. Variables are named v… or r…, constants c…."""
    if site.only is not None and isinstance(error, UnacceptableError):
        for operand in site.operands if error.value is not None else ():
            if operand is not site.only and traceback.tb_frame.f_globals[operand.code] == error.value:
                return [(error.value, operand)]
        return [(error.value, site.only)]  # no other can be meant: spares reading the frame, which is slow
    inner = traceback.tb_next
    if inner is not None and inner.tb_frame.f_code.co_argcount == len(site.operands):
        # The careful function got the operands as its arguments: its frame is small and quick to read.
        arguments = inner.tb_frame.f_locals
        names = inner.tb_frame.f_code.co_varnames
        return [(arguments.get(name), operand) for name, operand in zip(names, site.operands, strict=False)]
    frame, constants = traceback.tb_frame.f_locals, traceback.tb_frame.f_globals
    return [(frame[each.code] if each.code in frame else constants.get(each.code), each) for each in site.operands]


def _site(traceback: TracebackType, sites: dict[int, Site]) -> Site:
    """Return the site of the generated line that raised; a line without one of its own takes the next."""
    line = traceback.tb_lineno
    return sites.get(line) or sites[min((each for each in sites if each > line), default=max(sites))]


def _said_again(site: Site, operands: list[tuple[Any, Operand]]) -> UnacceptableError | None:
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
    said: UnacceptableError | None, error: Exception, site: Site, operands: list[tuple[Any, Operand]], prefix: str
) -> Problem:
    field = prefix + site.field
    if said is None and isinstance(error, ArithmeticError):
        said = UnacceptableError("The result is too large or not a number", accepted="a finite number")
    if said is None:
        message = f"{field}: the hub met something that it was not made for ({type(error).__name__})."
        return Problem("error", Category.INTERNAL, field, site.position, message, rule=site.rule)
    category = Category.SHAPE if said.shape else Category.VALIDATION
    if site.masked:  # everybody reads it, and the field's own name does not say that a mask hides its value
        message = f"{field}: {HIDDEN} is not accepted."
        severity: Severity = "warning" if site.severity == "warning" else "error"
        return Problem(severity, category, field, site.position, message, accepted=said.accepted, rule=site.rule)
    blamed = next((operand for value, operand in operands if value is said.value), None)
    words = said.message.replace("this is", f"{blamed.label} is") if blamed and blamed.label else said.message
    message = f"{field}: {words}. Accepted: {said.accepted}." if said.accepted else f"{field}: {words}."
    return Problem(
        "warning" if site.severity == "warning" else "error",
        category,
        field,
        blamed.position if blamed else site.position,
        message,
        value=said.value,
        accepted=said.accepted,
        rule=site.rule,
    )


def _no_row(error: NoRowError, site: Site, prefix: str) -> Problem:
    miss, field = error.miss, prefix + site.field
    shown, table = " / ".join(miss.key), miss.name.replace("_", " ")  # as people say it
    if error.trouble:
        category, accepted = Category.CONFIGURATION, "a mapping and tables that fit together"
        message = f"{field}: {error.trouble}"
    elif miss.kind == "xref":
        category, accepted = Category.MISSING_REFERENCE, f"a {miss.name} that the hub has a cross-reference for"
        message = f"{field}: {miss.name} {shown!r} is not known yet. This waits until that {miss.name} has arrived."
    elif error.waiting:
        category, accepted = Category.APPROVAL_MISSING, "a row that a second person has approved"
        message = f"{field}: the row for {shown!r} in the table {table} waits for a second person's approval."
    elif error.other_days:
        category, accepted = Category.UNMAPPED_VALUE, f"a day on which the table {table} has a row for {shown!r}"
        message = (
            f"{field}: the table {table} has a row for {shown!r} {error.other_days}, but none on {miss.day}. "
            "Add one for that day or correct the value."
        )
    else:
        category, accepted = Category.UNMAPPED_VALUE, f"a key that stands in the table {table}"
        message = f"{field}: the table {table} has no row for {shown!r} on {miss.day}. Add it or correct the value."
    position = site.position
    return Problem("error", category, field, position, message, shown, accepted, miss.name, miss.key, site.rule)
