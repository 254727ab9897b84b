"""Where everything lies on the disk: one folder STATE, and sockets where their path is short enough."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.supervisor.account import Account
from hub.supervisor.problems import CannotStart, of_folder

LONGEST_SOCKET = 100  # the kernel allows 107 bytes for the path of a socket (unix(7)); some room is kept
DATA = "postgresql"  # below STATE
_LONGEST_NAME = len("/.s.PGSQL.5432")


@dataclass(frozen=True)
class Places:
    """The folders below STATE. `sockets` may lie in the folder for temporary files."""

    state: Path
    sockets: Path

    @property
    def postgresql(self) -> Path:
        """The data of PostgreSQL."""
        return self.state / DATA

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Pid files and the lock of the supervisor."""
        return self.state / "run"


def places(state: Path, account: Account) -> Places:
    """Make the folders below `state` and return them; raise CannotStart in words when that fails."""
    state = state.resolve()
    try:
        for folder in (state, state / "logs", state / "run"):
            folder.mkdir(parents=True, exist_ok=True)
            _try_writing(folder)
        sockets = _sockets(state, account)
    except OSError as error:
        raise of_folder(state, error) from error
    return Places(state, sockets)


def _try_writing(folder: Path) -> None:
    probe = folder / f".writable-{os.getpid()}"
    probe.write_bytes(b"x")
    probe.unlink()


def _sockets(state: Path, account: Account) -> Path:
    """Return a folder that only the servers' account may enter, with a path short enough for a socket."""
    wanted = state / "sockets"
    mark = f"throughline-{os.geteuid()}-{hashlib.sha256(os.fsencode(state)).hexdigest()[:10]}"
    for folder in (wanted, Path(tempfile.gettempdir()) / mark, Path("/tmp") / mark):  # noqa: S108 - ownership is checked below
        if len(os.fsencode(folder)) + _LONGEST_NAME <= LONGEST_SOCKET and account.can_enter(folder.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            _refuse_strangers(folder, account)
            account.own(folder)
            folder.chmod(0o700)
            return folder
    raise CannotStart(
        "The servers' sockets have no place",
        f"the path {wanted} is longer than a socket allows, and the folder for temporary files is too.",
        "Choose a shorter folder: make run STATE=$HOME/throughline-state",
    )


def _refuse_strangers(folder: Path, account: Account) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid):
        raise CannotStart(
            f"The folder {folder} cannot be used for the servers' sockets",
            "it belongs to somebody else, who could then read the database.",
            f"Remove it or ask its owner to: rm -r {folder}",
        )
