"""The account that the embedded servers run under.

PostgreSQL refuses to run as root, so a hub started by root gives both servers an unprivileged account, which
must reach what it runs and where it stores. A hub started by anybody else runs them under its own account.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from hub.supervisor.problems import CannotStart

NAME = "throughline"  # the system account made for root, without a password or a shell
PROGRAMS = Path("/var/lib/throughline")  # where programs are copied for that account when it cannot reach our own


class Identity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the account of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """Whom the servers run as: `uid` and `gid`; `dropped` when that differs from whom we run as."""

    uid: int
    gid: int
    dropped: bool

    @property
    def identity(self) -> Identity:
        """Return what `Popen` needs to start a child under this account."""
        if not self.dropped:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give `path` to this account."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, path: Path) -> bool:
        """Tell whether this account can walk to `path`; asked of the system itself, which also knows ACLs."""
        if not self.dropped:
            return True
        return subprocess.run(["/bin/sh", "-c", 'test -x "$0"', path], **self.identity, cwd="/").returncode == 0

    def reachable(self, root: Path, *parts: str) -> Path:
        """Return `root`, or a folder that this account can reach and that holds copies of its `parts`."""
        if self.can_enter(root):
            return root
        found = [part for part in parts if (root / part).exists()]
        stamps = [f"{root / part} {(root / part).stat().st_mtime_ns}" for part in found]
        copy = PROGRAMS / hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:12]
        if not copy.exists():
            unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
            for part in found:
                shutil.copytree(root / part, unfinished / part, symlinks=True)
            with contextlib.suppress(OSError):  # another start finished the same copy first
                unfinished.rename(copy)
            shutil.rmtree(unfinished, ignore_errors=True)
        return copy


def account(data: Path | None = None) -> Account:
    """Return the account for the servers: our own; for root the owner of `data` or its folder, else one made for them.

    Whose folder it is starts the hub there; root may only have come to restore something.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), dropped=False)
    for place in (data, data.parent) if data else ():
        if place.exists() and (owner := place.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, dropped=True)
    entry = _find(NAME) or _made() or _find("nobody")
    if entry is None:
        raise CannotStart(
            "PostgreSQL cannot be started",
            "it refuses to run as root, and there is no unprivileged account to run it under.",
            f"Make one with: useradd --system {NAME}; or start the hub as an ordinary user.",
        )
    return Account(entry.pw_uid, entry.pw_gid, dropped=True)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd | None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    command = [program, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false", NAME]
    subprocess.run(command, capture_output=True, check=False)
    return _find(NAME)
