"""Gives what root has made below STATE to whom STATE belongs: a hub of theirs could not write it, nor start."""

import os
import stat
from pathlib import Path

from hub.supervisor.places import DATA


def give_back(state: Path) -> None:
    """Give files and folders of root below `state` to its owner; do nothing as anybody else, or where root owns it.

    Where the data of PostgreSQL belong to another account than `state`, the hub is started by root, and all stays.
    """
    if os.geteuid() != 0 or not state.is_dir():
        return
    owner = state.stat()
    data = state / DATA
    if owner.st_uid == 0 or (data.exists() and data.stat().st_uid != owner.st_uid):
        return
    for _, folders, files, descriptor in os.fwalk(state, follow_symlinks=False):
        for name in (*folders, *files):
            _give(name, descriptor, owner)


def _give(name: str, folder: int, owner: os.stat_result) -> None:
    """Give one away, by what was opened: its owner-to-be may put a link to something else in its place meanwhile."""
    try:
        if not stat.S_ISREG(kind := os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode) and not stat.S_ISDIR(
            kind
        ):
            return
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:  # it went away, or is a link by now
        return
    try:
        found = os.fstat(opened)
        of_one_name = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
        if found.st_uid == 0 and of_one_name:
            os.fchown(opened, owner.st_uid, owner.st_gid)
    finally:
        os.close(opened)
