"""What makes two failures the same cause, in versions: a better one does not split what is open by an earlier one.

Causes are compared by fingerprints. Where the rules by which words are compared get better, they are a new version
here, and the earlier ones stay: each failure is written down with its fingerprint by the newest version, and with those
by earlier ones where they differ, so that an open item of an earlier version is found until it closes. A version that
leaves a cause as it was gives the same fingerprint, and nothing changes for it.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

from canonical.failure import Category

if TYPE_CHECKING:
    from routes.failures import Trouble

NUMBERS = re.compile(r"\d+")
QUOTED = re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|“[^”]*”|\"[^\"]*\"")
# What we say ourselves of a record quotes what it says; a target's own words quote what is the cause.
OF_THE_RECORD = (Category.SHAPE, Category.VALIDATION)
THEIRS = ("deliver", "confirm")  # stages


def without_values(trouble: "Trouble") -> str:
    """Return the words of a failure without numbers and, where they are ours and of a record, what they quote."""
    words = trouble.problem.message
    if trouble.problem.category in OF_THE_RECORD and trouble.stage not in THEIRS:
        words = QUOTED.sub("#", words)
    return NUMBERS.sub("#", words)


# How the words of a failure are made comparable, by version; the highest number counts for what is new.
VERSIONS: dict[int, Callable[["Trouble"], str]] = {1: without_values}


def newest() -> int:
    """Return the version by which causes are told apart now."""
    return max(VERSIONS)


def fingerprint(trouble: "Trouble", version: int | None = None) -> str:
    """Return what makes two failures the same cause: category, place and missing key, never the record's own values.

    Numbers in a target's message are left out, so that "line 4 of 17" and "line 9 of 12" are one cause, and so is what
    our own words quote of a record. Raises KeyError for a version that there is not.
    """
    problem = trouble.problem
    if problem.table:
        parts = (problem.category.value, problem.table, *problem.key, str(trouble.connection_id or ""))
    elif problem.category in (Category.CREDENTIALS, Category.OUTAGE):
        parts = (problem.category.value, str(trouble.connection_id))
    else:
        words = problem.rule or VERSIONS[version or newest()](trouble)
        parts = (problem.category.value, str(trouble.route), trouble.stage, problem.field, words)
    return sha256("\x1f".join((str(trouble.legal_entity), *parts)).encode()).hexdigest()


def earlier(trouble: "Trouble") -> list[str]:
    """Return the fingerprints by earlier versions that differ from that by the newest, the latest first."""
    now = fingerprint(trouble)
    others = [fingerprint(trouble, version) for version in sorted(VERSIONS, reverse=True) if version != newest()]
    return [each for each in dict.fromkeys(others) if each != now]


def every(trouble: "Trouble") -> list[str]:
    """Return the fingerprints by all versions, the newest first."""
    return [fingerprint(trouble), *earlier(trouble)]
