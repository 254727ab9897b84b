"""Finds secrets in what people may see, also when they were encoded or their letters changed."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SHOWN = 60  # characters around a leak, enough to find it and without the secret itself


def leaks_in(shown: list[Any], secrets: list[str]) -> str:
    """Return where the first secret stands, "" when there is none."""
    text = "\n".join(map(str, shown))
    folded = text.casefold()
    for secret in secrets:
        for form in _forms(secret):
            place = folded.find(form.casefold())
            if place >= 0:
                return f"…{text[max(0, place - _SHOWN) : place]}<a secret of {len(secret)} characters>"
    return ""


def _forms(secret: str) -> set[str]:
    # The middle of the base64 form stands in any longer encoded text, wherever the secret begins in it.
    encoded = [base64.b64encode(b" " * shift + secret.encode()).decode()[4:-4] for shift in range(3)]
    return {secret, secret[::-1], *(form for form in encoded if len(form) >= 8)}


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening(level: int) -> Iterator[list[str]]:
    """Collect every log line of every logger."""
    lines: list[str] = []
    root, handler = logging.getLogger(), _Lines(lines)
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
