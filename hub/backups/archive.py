"""The file of a backup: a ZIP whose last member has the SHA-256 of every other one. Written and read as a stream.

Members: `about.json` (when, by which release, which migrations), `database.dump` (pg_dump's own form, compressed),
`audit-heads.log` where there are notes, `keys` where they are asked for, and `digests.json`.
"""

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.backups.refused import Refused

FORMAT = 1
ABOUT, DUMP, HEADS, KEYS, DIGESTS = "about.json", "database.dump", "audit-heads.log", "keys", "digests.json"
# What a file of which any byte may be another one raises when it is read: the last ones for flags and methods that no
# backup has.
DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
PIECE = 1024 * 1024  # bytes
Tell = Callable[[int], None]  # takes how many more bytes are done


class Written:
    """A backup that is being written: under another name until it is complete, and for its owner only."""

    def __init__(self, path: Path) -> None:
        self.path, self._unfinished = path, path.with_name(f"{path.name}.unfinished-{os.getpid()}")
        if path.exists():
            cause, remedy = "a file of that name is there.", "Give another name, or remove that file first."
            raise Refused(f"The backup {path} was not made", cause, remedy)
        try:
            descriptor = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        self._digests: dict[str, str] = {}

    def add(self, name: str, pieces: Iterable[bytes], tell: Tell) -> None:
        """Write a member piece by piece."""
        digest = hashlib.sha256()
        try:
            with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                for piece in pieces:
                    digest.update(piece)
                    member.write(piece)
                    tell(len(piece))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._digests[name] = digest.hexdigest()

    def finish(self) -> None:
        """Write the digests, bring everything to the disk and give the file its name."""
        try:
            self._zip.writestr(DIGESTS, json.dumps(self._digests, indent=1))
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.link(self._unfinished, self.path)  # never takes the place of a file that came meanwhile
        except OSError as error:
            raise _unwritable(self.path, error) from error
        finally:
            self._unfinished.unlink(missing_ok=True)

    def drop(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, ValueError):
            self._zip.close()
        self._file.close()
        self._unfinished.unlink(missing_ok=True)


class Found:
    """A backup that is there to be restored; every member is checked against its digest before anything is used."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            told = f"the system says: {error.strerror}."
            raise Refused(f"The file {path} cannot be read", told, "Check its name and its rights.") from error
        except DAMAGE as error:
            raise self._damaged("it is no backup of the hub, or was cut short") from error
        self.size = path.stat().st_size
        self._check(tell)

    @property
    def about(self) -> dict[str, Any]:
        """Return when and by what it was made."""
        return self._object(ABOUT)

    def has(self, name: str) -> bool:
        """Tell whether it holds the member."""
        return name in self._zip.namelist()

    def text(self, name: str) -> str:
        """Return a small member."""
        return self.content(name).decode()

    def content(self, name: str) -> bytes:
        """Return a small member that need not be text."""
        return self._zip.read(name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member piece by piece."""
        with self._zip.open(name) as member:
            while piece := member.read(PIECE):
                yield piece

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def _object(self, name: str) -> dict[str, Any]:
        """Return a member that is an object of JSON; raises ValueError for one that is none."""
        found = json.loads(self._zip.read(name))
        if not isinstance(found, dict):
            raise ValueError(f"{name} is no object")
        return found

    def _check(self, tell: Tell) -> None:
        try:
            digests = self._object(DIGESTS)
            if set(digests) != set(self._zip.namelist()) - {DIGESTS} or not {ABOUT, DUMP} <= set(digests):
                raise self._damaged("it lacks a part, or has one too many")
            for name, wanted in digests.items():
                found = hashlib.sha256()
                for piece in self.pieces(name):
                    found.update(piece)
                    tell(len(piece))
                if found.hexdigest() != wanted:
                    raise self._damaged(f"its part {name} is not what was written")
            made = self.about["format"]
        except (*DAMAGE, OSError) as error:
            raise self._damaged("a part of it cannot be read") from error
        if made != FORMAT:
            cause = f"it has the form {made}, and this release reads the form {FORMAT}."
            raise Refused(f"The backup {self.path} cannot be read", cause, "Restore it with the release that made it.")

    def _damaged(self, why: str) -> Refused:
        return Refused(f"The file {self.path} is damaged", f"{why}.", "Fetch it again, or take another backup.")


def _unwritable(path: Path, error: OSError) -> Refused:
    cause = f"the system says: {error.strerror or error}."
    return Refused(f"The backup {path} was not made", cause, "Choose a folder that has room and that you may write to.")
