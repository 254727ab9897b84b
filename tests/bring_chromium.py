"""Sees to a Chromium for the tests of the pages: finds it, installs Debian's, or says how. Run by make:

.venv/bin/python -m tests.bring_chromium
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

NAMES = ("chromium", "chromium-browser", "google-chrome")
COMMAND = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
THING = "The tests of the pages cannot run"


def found(environment: Mapping[str, str]) -> str | None:
    """Return where the browser is: what CHROMIUM names, else the first of its names on the PATH."""
    named = environment.get("CHROMIUM", "")
    names = (named,) if named else NAMES
    return next((path for name in names if (path := shutil.which(name, path=environment.get("PATH", "")))), None)


def main() -> int:
    """Bring a browser; return the exit code, having said what is wrong."""
    if found(os.environ):
        return 0
    if named := os.environ.get("CHROMIUM"):
        return refused(f"CHROMIUM names {named}, and no program is there.", "Name the program, or unset CHROMIUM.")
    if shutil.which("apt-get") is None:
        return refused(
            f"none of {', '.join(NAMES)} is on this PATH.",
            "Install Chromium in the way of this system, or name it: make test CHROMIUM=/path/to/chromium",
        )
    if os.geteuid() != 0:
        return refused("Chromium is not installed, and only root may install it.", f"sudo {' '.join(COMMAND)}")
    return install()


def install() -> int:
    """Install Debian's package."""
    print("• Installing Chromium for the tests of the pages (a minute or two, the first time)", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    said = ""
    for command in (("apt-get", "update", "--quiet"), COMMAND):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        said += done.stdout
    if done.returncode == 0 and found(os.environ):
        return 0
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "nothing")
    return refused(f"Chromium could not be installed; it said: {last.strip()}", " ".join(COMMAND))


def refused(cause: str, remedy: str) -> int:
    """Say thing, cause and remedy; return the exit code."""
    print(f"\n{THING}.\n  Cause:  {cause}\n  Remedy: {remedy}\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
