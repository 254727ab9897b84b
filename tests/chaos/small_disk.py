"""A volume that can be filled: a small file system of its own for PostgreSQL's data.

Root mounts one. Others may not; for them the kernel's limit on the size of files stands in: every write that would make
a file of the database longer is refused, as on a full disk.
"""

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hub.supervisor.processes import running_in

ROOM = 24 * 2**20  # bytes beyond what the cluster has at the start: enough to start, and soon full


class Disk(Protocol):
    """What can be full and have room again."""

    def fill(self) -> None:
        """Leave no room."""

    def make_room(self) -> None:
        """Give room again."""


class Mounted:
    """A tmpfs in place of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._ballast.open("wb") as file:
            while True:
                file.write(b"\0" * 65536)
                file.flush()

    def make_room(self) -> None:
        self._ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=2g", str(self.folder)], check=True)


class Limited:
    """A folder whose server may not make files longer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        self._limit(8192)

    def make_room(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for each in running_in(self.folder.resolve(), "postgres"):
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Put a small volume in place of `folder`, with what is in it; give it back at the end."""
    if os.geteuid() != 0:
        yield Limited(folder)
        return
    size = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) + ROOM
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "throughline-test", str(folder)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
        shutil.rmtree(aside)
        yield Mounted(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
