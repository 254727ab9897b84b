"""Lines of the logs: plain for people, JSON for programs, and neither with a secret in it."""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from hub.correlation import OF_REQUEST, facts
from hub.environment.declared import VARIABLES
from hub.environment.reading import Environment

PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
HIDDEN = "•••"
SHORTEST = 6  # characters of a value that is looked for; a shorter one would hide ordinary words
OF_A_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
NOT_OURS = frozenset({"request", "sinfo", "data", "socket"})  # objects that Django and Celery hang on a line
NAMED = r"(?:password|passwd|secret|token|api_?key)\\*[\"']?\s*[:=]\s*"
SHAPES = (
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(['\"]?\s*[:=]\s*).+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(rf"(?i)({NAMED})(\\*)([\"'])(?:(?!(?<!\\)\2\3).)*"),
        rf"\1\2\3{HIDDEN}",
    ),  # up to the quote that ends it
    (re.compile(rf"(?i)({NAMED})(?:[^\s\"'\\&,;]|[,;](?=\S))+"), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s/]+@"), rf"\1{HIDDEN}@"),
)
_secrets: tuple[str, ...] = ()


def hide(values: Iterable[str]) -> None:
    """Let no line of this process show one of `values`, nor any that was given before."""
    global _secrets
    known = {*_secrets, *(value for value in values if len(value) >= SHORTEST)}
    _secrets = tuple(sorted(known, key=len, reverse=True))


def secrets_of(given: Environment) -> list[str]:
    """Return every secret among the settings, the passwords within addresses included."""
    values = [str(given[each]) for each in VARIABLES if each.secret and given[each]]
    passwords = [each for value in values if "://" in value for each in _passwords(value)]
    return [*values, *passwords, *map(unquote, passwords), *(part for value in values for part in value.split(","))]


def _passwords(address: str) -> Iterator[str]:
    """Yield the passwords that stand in an address, before its host or among its parameters."""
    try:
        parts = urlsplit(address)
    except ValueError:  # a password that only looks like an address
        return
    yield parts.password or ""
    yield from (part.partition("=")[2] for part in parts.query.split("&") if "password" in part.partition("=")[0])


def without_secrets(text: str) -> str:
    """Return the text with every known secret, and whatever has the shape of one, hidden."""
    for value in _secrets:
        text = text.replace(value, HIDDEN)
    for shape, instead in SHAPES:
        text = shape.sub(instead, text)
    return text


class Line(logging.Formatter):
    """A line as people read it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, a trace below it where there is one."""
        return without_secrets(super().format(record))


class JsonLine(logging.Formatter):
    """A line as one JSON object: time, level, logger, message, what the work is about, and what the code added."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object on one line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        added = {
            name: value
            for name, value in vars(record).items()
            if name not in OF_A_RECORD and (name not in NOT_OURS or isinstance(value, str))
        }
        asked = getattr(getattr(record, "request", None), "META", {}).get(OF_REQUEST)
        for name, value in {**({"request": asked} if asked else {}), **facts(), **added}.items():
            told.setdefault(name, value if isinstance(value, int | float | None) else without_secrets(str(value)))
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            told["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)
