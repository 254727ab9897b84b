"""Finds the connectors: every folder in connectors/vendors and in the operator's CONNECTOR_PATHS that has a manifest.

A folder that does not load stops the start, with all problems of all folders at once; so do two of one name. Nothing
depends on the order of imports.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

from connectors.manifest import Manifest, ManifestErrors, ManifestProblem, load_folder

SHIPPED = Path(__file__).resolve().parent / "vendors"


@dataclass(frozen=True, slots=True, eq=False)
class Connector:
    """Our manifest and code for one vendor."""

    name: str
    manifest: Manifest
    overrides: ModuleType | None = None
    folder: Path | None = None

    def override(self, step: str) -> Any:
        """Return the connector's own function for a step, None when it has none."""
        return getattr(self.overrides, step, None)


class UnknownConnector(LookupError):
    """There is no connector of that name."""


class Registry:
    """All connectors by name."""

    def __init__(self, folders: Iterable[Path] | None = None) -> None:
        self._folders = None if folders is None else list(folders)

    @cached_property
    def connectors(self) -> dict[str, Connector]:
        """Return every connector; raises ManifestErrors with all problems of all folders."""
        parents = self._folders if self._folders is not None else [SHIPPED, *map(Path, settings.CONNECTOR_PATHS)]
        return load_all(folder for parent in parents for folder in vendor_folders(parent))

    def connector(self, name: str) -> Connector:
        """Return the connector; raises UnknownConnector naming those that exist."""
        try:
            return self.connectors[name]
        except KeyError:
            names = ", ".join(sorted(self.connectors)) or "none"
            raise UnknownConnector(f"There is no connector called {name!r}. Installed: {names}.") from None


def vendor_folders(parent: Path) -> list[Path]:
    """Return the vendor folders in a folder; the folder itself when it is one."""
    if (parent / "manifest.yaml").exists():
        return [parent]
    return sorted(file.parent for file in parent.glob("*/manifest.yaml"))


def load_all(folders: Iterable[Path]) -> dict[str, Connector]:
    """Load every folder; raises ManifestErrors with the problems of all of them."""
    found: dict[str, Connector] = {}
    problems: list[ManifestProblem] = []
    for folder in folders:
        try:
            connector = load_connector(folder)
        except ManifestErrors as errors:
            problems += errors.problems
            continue
        if connector.name in found:
            message = f"a second connector is called {connector.name!r}."
            remedy = f"Remove it or {found[connector.name].folder}."
            problems.append(ManifestProblem(str(folder / "manifest.yaml"), 1, "name", message, remedy))
        found.setdefault(connector.name, connector)
    if problems:
        raise ManifestErrors(problems)
    return found


def load_connector(folder: Path) -> Connector:
    """Load one vendor folder; raises ManifestErrors with all its problems."""
    manifest, overrides = load_folder(folder)
    return Connector(manifest.name, manifest, overrides, folder)


registry = Registry()
