"""What can keep the hub from starting, said in words: the thing, the cause, the remedy. Never a traceback."""

import errno
from pathlib import Path


class CannotStart(Exception):
    """Something that a person must put right before the hub can run."""

    def __init__(self, thing: str, cause: str, remedy: str) -> None:
        super().__init__(f"{thing}: {cause} {remedy}")
        self.thing = thing  # what does not work: "The folder /srv/hub cannot be written"
        self.cause = cause  # why, one sentence
        self.remedy = remedy  # what to do, one sentence, with the command where there is one

    def lines(self) -> str:
        """Return the message as it is printed in a terminal."""
        return f"{self.thing}.\n  Cause:  {self.cause}\n  Remedy: {self.remedy}"


def of_folder(path: Path, error: OSError) -> CannotStart:
    """Say in words why `path` could not be made or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    causes = {
        errno.EACCES: "this account has no permission there.",
        errno.EPERM: "this account has no permission there.",
        errno.EROFS: "the file system is mounted read-only.",
        errno.ENOTDIR: "a part of the path is a file, not a folder.",
        errno.EEXIST: "a file of that name is in the way.",
    }
    cause = causes.get(error.errno or 0, f"the system says: {error.strerror}.")
    remedy = "Choose a folder that you may write to, for example: make run STATE=$HOME/throughline-state"
    return CannotStart(f"The folder {path} cannot be written", cause, remedy)


def of_start(logs: Path, error: OSError) -> CannotStart:
    """Say in words why a program could not be started, whose output goes to the folder `logs`."""
    if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        remedy = "Free some of it, or allow this account more; it is tried again by itself."
        return CannotStart("A program of the hub cannot be started", f"the system says: {error.strerror}.", remedy)
    return of_folder(logs, error)


def disk_full(path: Path) -> CannotStart:
    """Say that the disk that holds `path` has no room left."""
    return CannotStart(
        f"The disk that holds {path} is full",
        "PostgreSQL needs room for its log before it can accept or even recover anything.",
        "Free some space, or move the folder to a larger disk and start with STATE=/that/folder. Nothing is lost.",
    )
