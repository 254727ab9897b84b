"""Makes the virtual environment and installs what requirements.lock names, by hash. Run by `make` with any Python:

    python3 -I hub/supervisor/environment.py

Standard library only, and written so that an old Python can read it and say that it is too old. When the lock has not
changed since the last time it returns at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, "requirements.lock")
PYTHON = os.path.join(VENV, "bin", "python")
UV = os.path.join(VENV, "bin", "uv")
STAMP = os.path.join(VENV, "installed")  # holds the hash of what is installed
OLDEST = (3, 11)


class Refused(Exception):
    """Why the environment cannot be made: thing, cause, remedy."""


def main() -> int:
    """Make the environment unless it is there; return the exit code, having said what is wrong."""
    try:
        check_python()
        wanted = fingerprint()
        if installed() == wanted:
            return 0
        with alone():
            if installed() != wanted:  # whoever was here meanwhile may have done it
                make_venv()
                install()
                with open(STAMP, "w") as file:
                    file.write(wanted)
    except Refused as refused:
        thing, cause, remedy = refused.args
        print(f"\n{thing}.\n  Cause:  {cause}\n  Remedy: {remedy}\n", file=sys.stderr)
        return 1
    return 0


def check_python() -> None:
    """Refuse a Python that is too old."""
    if sys.version_info < OLDEST:
        raise Refused(
            "This Python is too old",
            f"{sys.executable} is Python {sys.version.split()[0]}; Throughline needs 3.11 or newer.",
            "Install a newer one and name it: make run PYTHON=/usr/bin/python3.12",
        )


def fingerprint() -> str:
    """Return what decides whether the environment is up to date: the lock and the Python."""
    with open(LOCK, "rb") as file:
        return f"{hashlib.sha256(file.read()).hexdigest()} {sys.version.split()[0]}"


def installed() -> str:
    """Return the fingerprint of what is installed, empty when nothing is."""
    if not os.path.exists(PYTHON):
        return ""
    try:
        with open(STAMP) as file:
            return file.read()
    except OSError:
        return ""


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one start at a time work on the environment: the next would clear what the first is filling."""
    with open(LOCK, "rb") as file:  # a file that is there anyway, and that nobody replaces while installing
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is installing in this folder; waiting until it is done")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: as it was before there was one
            pass
        yield


def make_venv() -> None:
    """Make the environment anew; one of another Python is replaced."""
    say("Making the virtual environment .venv")
    done = call([sys.executable, "-m", "venv", "--clear", VENV])
    if done.returncode == 0:
        return
    if "No space left" in done.stdout:
        raise Refused("The virtual environment could not be made", "the disk is full.", "Free 600 MB and start again.")
    if "ensurepip" in done.stdout:
        version = ".".join(sys.version.split(".")[:2])
        raise Refused(
            "The virtual environment could not be made",
            "this Python comes without its venv module, which some systems package apart.",
            f"Install it, on Debian and Ubuntu with: sudo apt-get install python{version}-venv",
        )
    raise Refused(
        "The virtual environment could not be made",
        f"it said: {last_line(done.stdout)}",
        f"Check that {ROOT} may be written.",
    )


def install() -> None:
    """Install the lock with uv, which is quick; with pip where uv cannot be had or cannot reach the packages."""
    say("Installing what requirements.lock names (a minute or two, the first time)")
    told = ""
    if install_uv():
        done = call([UV, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", LOCK])
        if done.returncode == 0:
            return
        told = done.stdout
        say("uv could not install it; trying with pip")
    done = call([PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK])
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise in_words(told + done.stdout)


def install_uv() -> bool:
    """Install the release of uv that the lock names, by its hashes; return whether there is one now."""
    with open(LOCK) as file:
        block = re.search(r"^uv==.*?(?=^\S)", file.read() + "end", re.MULTILINE | re.DOTALL)
    if not block:
        return False
    path = os.path.join(VENV, "uv.txt")
    with open(path, "w") as file:
        file.write(re.sub(r"^\s+#.*\n", "", block.group(0), flags=re.MULTILINE))
    return call([PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", path]).returncode == 0


def in_words(told: str) -> Refused:
    """Say why the packages could not be installed."""
    thing = "The packages could not be installed"
    if "No space left" in told:
        return Refused(thing, "the disk is full.", "Free 600 MB and start again.")
    if "HASHES DO NOT MATCH" in told or "hash mismatch" in told.lower():
        return Refused(
            thing,
            f"a package differs from what requirements.lock expects: {last_line(told)}",
            "Do not install it by hand. Ask who runs the package index that this machine uses.",
        )
    if re.search(r"resolve host|name resolution|connection|timed out|dns error|No matching distribution", told, re.I):
        return Refused(
            thing,
            f"the package index cannot be reached, or has not got one of them: {last_line(told)}",
            "Check the network; a mirror is named with PIP_INDEX_URL and UV_INDEX_URL. Then start again.",
        )
    return Refused(thing, f"it said: {last_line(told)}", "Mend that and start again.")


def last_line(told: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def call(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `command` and collect what it says, errors included."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", VIRTUAL_ENV=VENV)
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def say(text: str) -> None:
    """Tell one step."""
    print("• " + text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
