"""Whether schema and static files are already those of this release: a start that finds so leaves that step out.

Compared is what stands there now, not when it was made: a release, a database or a folder that was put back is seen.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from hub.supervisor.options import ROOT

# What decides how schema and static files must look; what other packages bring follows from the lock.
SOURCES = ("requirements.lock", "hub/settings.py", "*/migrations/*.py", "static/**/*", "*/static/**/*")


@dataclass(frozen=True)
class Preparation:
    """The step `prepare` of one STATE folder with the database at `database_url`."""

    state: Path
    database_url: str
    root: Path = ROOT

    @property
    def note(self) -> Path:
        """The file that says what `prepare` left behind."""
        return self.state / "run" / "prepared.json"

    @property
    def done(self) -> bool:
        """Tell whether all is as `prepare` left it; when in doubt it is not."""
        try:
            noted = json.loads(self.note.read_text())
            return bool(noted == self._found())
        except (OSError, ValueError, psycopg.Error):
            return False

    def remember(self) -> None:
        """Note what stands there now. Call it after `prepare` only."""
        self.note.write_text(json.dumps(self._found()))

    def _found(self) -> dict[str, str]:
        found = {path for pattern in SOURCES for path in self.root.glob(pattern) if path.is_file()}
        sources = sorted(path for path in found if not path.relative_to(self.root).parts[0].startswith("."))
        static = self.state / "static"
        collected = [(path.relative_to(static), path.stat()) for path in sorted(static.rglob("*")) if path.is_file()]
        return {
            "release": _digest(f"{path.relative_to(self.root)} {_digest([path.read_bytes()])}" for path in sources),
            "schema": _digest(self._migrations()),
            "static": _digest(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in collected),
        }

    def _migrations(self) -> list[str]:
        with psycopg.connect(self.database_url, connect_timeout=10) as link:
            rows = link.execute("SELECT app, name FROM django_migrations ORDER BY id")
            return [f"{app} {name}" for app, name in rows]


def _digest(parts: Iterable[str | bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else f"{part}\n".encode())
    return found.hexdigest()
