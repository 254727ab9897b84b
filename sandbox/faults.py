"""What can go wrong on purpose, when, and for whom: shared by every simulator.

A plan is a list of rules; the first rule that matches a request and whose draw hits decides. Draws depend on the seed,
the rule, the request's key and how often that key was tried, never on the order of arrival: two runs with the same
seed hurt the same entries however the callers interleave.
"""

import re
import zlib
from collections import Counter
from enum import StrEnum
from typing import Any

import msgspec


class Fault(StrEnum):
    """One way in which an answer goes wrong; says whether the effect happened."""

    COMMIT_AND_HANG_UP = "commit_and_hang_up"  # the effect happens, the connection closes without an answer
    COMMIT_LATE = "commit_late"  # the effect happens `seconds` after the request; no answer before or after
    ANSWER_LATE = "answer_late"  # the effect happens at once, the answer comes after `seconds`
    HALF_BODY = "half_body"  # the effect happens, half of the answer is sent, then the connection closes
    ERROR_AFTER_COMMIT = "error_after_commit"  # the effect happens, the answer says 500
    LOSE_AND_HANG_UP = "lose_and_hang_up"  # no effect, the connection closes without an answer
    LOSE_AND_HANG = "lose_and_hang"  # no effect, no answer for `seconds`, then the connection closes
    UNAVAILABLE = "unavailable"  # no effect, 503
    SERVER_ERROR = "server_error"  # no effect, 500
    THROTTLED = "throttled"  # no effect, 429 with Retry-After of `seconds`
    EXPIRED = "expired"  # no effect, 401 in the vendor's words
    HTML = "html"  # no effect, 200 with an HTML page
    EMPTY = "empty"  # no effect, 200 with nothing in it
    SLOW = "slow"  # everything works, but only `seconds` later
    SAME_PAGE = "same_page"  # a list answers the same page, with a next one, for ever
    REPEATS = "repeats"  # a list shows its first rows twice


COMMITTING = frozenset(
    {
        Fault.COMMIT_AND_HANG_UP,
        Fault.COMMIT_LATE,
        Fault.ANSWER_LATE,
        Fault.HALF_BODY,
        Fault.ERROR_AFTER_COMMIT,
        Fault.SLOW,
    }
)
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Scheduled maintenance</title></head><body>Back soon.</body></html>"


class FaultRule(msgspec.Struct, forbid_unknown_fields=True):
    """When one fault happens. Empty conditions match everything."""

    fault: Fault
    probability: float = 1.0  # share of the matching requests, 0 to 1
    times: int | None = None  # how often at most; None: no limit
    method: str = ""  # for example "POST"
    path: str = ""  # a regular expression searched for in path and query
    key: str = ""  # the business key that the request must carry
    seconds: float = 1.0  # how long it lasts, or the Retry-After
    seconds_max: float = 0.0  # above `seconds`: the duration is drawn between the two


class FaultPlan(msgspec.Struct, forbid_unknown_fields=True):
    """The faults of one simulator; replaced as a whole by its admin endpoint."""

    rules: list[FaultRule] = []
    seed: int = 1
    latency_seconds: float = 0.0  # added to every answer, faults or not


class Faults:
    """Draws faults from a plan and counts what it drew."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self.replace(plan or FaultPlan())

    def replace(self, plan: FaultPlan) -> None:
        """Take another plan; tries and counts begin anew."""
        self.plan = plan
        self.active = bool(plan.rules)
        self.drawn: Counter[str] = Counter()
        self._used: Counter[int] = Counter()
        self._tries: Counter[str] = Counter()
        self._paths = [re.compile(rule.path) for rule in plan.rules]

    def draw(self, method: str, path: str, key: str) -> FaultRule | None:
        """Return the rule that hits this request, with `seconds` drawn, or None."""
        tried = f"{method} {path.partition('?')[0]} {key}"
        self._tries[tried] += 1
        for number, rule in enumerate(self.plan.rules):
            if not self._matches(number, rule, method, path, key):
                continue
            chance = _share(self.plan.seed, number, tried, self._tries[tried])
            if chance >= rule.probability:
                continue
            self._used[number] += 1
            self.drawn[rule.fault] += 1
            if rule.seconds_max > rule.seconds:
                spread = _share(self.plan.seed, number, tried, -self._tries[tried])
                seconds = rule.seconds + spread * (rule.seconds_max - rule.seconds)
                return msgspec.structs.replace(rule, seconds=seconds)
            return rule
        return None

    def _matches(self, number: int, rule: FaultRule, method: str, path: str, key: str) -> bool:
        if rule.times is not None and self._used[number] >= rule.times:
            return False
        if rule.method and rule.method != method:
            return False
        if rule.key and rule.key != key:
            return False
        return not rule.path or self._paths[number].search(path) is not None

    def summary(self) -> dict[str, Any]:
        """Return the plan and how often each fault was drawn since it was set."""
        return {"plan": msgspec.to_builtins(self.plan), "drawn": dict(self.drawn)}


def _share(seed: int, rule: int, key: str, tries: int) -> float:
    """Return a number in [0, 1) that depends on nothing but its arguments."""
    return zlib.crc32(f"{tries}|{key}|{rule}|{seed}".encode()) * 2654435761 % 4294967296 / 4294967296
