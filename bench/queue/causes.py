"""Why transactions stopped: a cause for each open work item, with the fingerprint that the hub would give it."""

import json
from collections.abc import Iterator

from django.db import connection

from bench.lists.firm import Firm
from bench.queue.size import COMPANIES, WAYS, Size
from canonical.failure import Category
from canonical.problem import Problem
from routes.bulk import copy_in
from routes.failures import Trouble
from routes.fingerprints import fingerprint

TABLE = """
CREATE TEMP TABLE queue_cause (number int PRIMARY KEY, company bigint, way text, stage text, category text,
    fingerprint text, field text, rule text, "table" text, table_key jsonb, value text, message text, stands text,
    waits_for text, wait text, known boolean)
"""
COPY = "COPY queue_cause FROM STDIN"
LETTERS = str.maketrans("0123456789", "abcdefghij")  # numbers are no part of a cause


def write(size: Size, firm: Firm) -> None:
    """Write the causes into a table of this session."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        copy_in(cursor, COPY, list(_rows(size, firm)))


def _rows(size: Size, firm: Firm) -> Iterator[tuple[object, ...]]:
    companies = [code for code, percent in COMPANIES.items() for _ in range(percent)]
    for number in range(size.items):
        place = number * 37 % 100
        way = WAYS[0].slug if number * 53 % 10 < 7 else WAYS[1].slug
        problem, stage, stands, waits_for, wait = _kind(number)
        route = firm.routes[way]
        company = firm.companies[companies[place]]
        trouble = Trouble(company, route.id, stage, problem, connection_id=route.targets[0].connection)
        key = json.dumps(list(problem.key)) if problem.key else None
        yield (
            number, company, way, stage, problem.category.value, fingerprint(trouble), problem.field, problem.rule,
            problem.table, key, str(problem.value or ""), problem.message, stands, waits_for, wait, number % 97 != 5,
        )  # fmt: skip


def _kind(number: int) -> tuple[Problem, str, str, str, str]:
    """Return what is wrong, at which stage, where its transactions stand, and what they wait for, and how."""
    kind, letters = (number % 20, str(number).translate(LETTERS))
    if number % 200 == 19:
        words = f"The ledger did not answer about the dimension {letters}; it may have it or not."
        return _problem(Category.OUTCOME_UNKNOWN, "", words), "deliver", "unknown", "", ""
    if kind < 7:
        code = f"T-NEW-{number}"
        words = f"task: the table bench_tasks has no row for '{code}'. Add it or correct the value."
        problem = _problem(Category.UNMAPPED_VALUE, "task", words, value=code, table="bench_tasks", key=(code,))
        return problem, "validate", "failed", "", ""
    if kind < 11:
        code = f"P-{10_000 + number}"
        words = f"The project {code} does not exist there yet."
        problem = _problem(Category.MISSING_REFERENCE, "project", words, value=code, table="project", key=(code,))
        return problem, "validate", "parked", f"project:{code}", "parent"
    if kind < 15:
        rule = f"closed project {number}"
        words = f"project_code: the project is closed for time (rule {number})."
        return _problem(Category.VALIDATION, "project_code", words, rule=rule), "validate", "failed", "", ""
    if kind == 15:
        words, rule = "A second person has to approve what exceeds the limit.", f"limit {number}"
        return (
            _problem(Category.APPROVAL_MISSING, "amount", words, rule=rule),
            "validate",
            "held",
            "approval",
            "approval",
        )
    category = Category.CLOSED_PERIOD if kind == 16 else Category.REFUSED
    words = f"The ledger refused it: the dimension {letters} is not open for postings."
    return _problem(category, "", words), "deliver", "refused", "", ""


def _problem(category: Category, field: str, message: str, **more: object) -> Problem:
    return Problem("error", category, field, None, message, **more)  # type: ignore[arg-type]
