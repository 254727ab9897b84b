"""Finds the connectors: every folder in connectors/vendors and in the operator's CONNECTOR_PATHS that has a manifest.

A folder that does not load stops the start, with all problems of all folders at once; so do two of one name. Nothing
depends on the order of imports.
"""

import importlib.util
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings

from connectors.manifest import Manifest, ManifestErrors, ManifestProblem, load_manifest

SHIPPED = Path(__file__).resolve().parent / "vendors"
# The steps that connector.py may say: name -> number of arguments. See docs/connector-authors.md.
OVERRIDES = {"login": 2, "sign": 3, "decode_record": 2, "encode_body": 3, "classify": 2}


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
            remedy = f"Remove it or {found[connector.name].folder}."
            problems.append(_problem(folder, f"a second connector is called {connector.name!r}.", remedy))
        found.setdefault(connector.name, connector)
    if problems:
        raise ManifestErrors(problems)
    return found


def load_connector(folder: Path) -> Connector:
    """Load one vendor folder; raises ManifestErrors."""
    manifest = load_manifest(folder / "manifest.yaml")
    problems = []
    if manifest.name != folder.name:
        problems.append(
            _problem(folder, f"name is {manifest.name!r} in the folder {folder.name!r}.", "Make them equal.")
        )
    overrides = _overrides(folder) if (folder / "connector.py").exists() else None
    problems += _override_problems(folder, manifest, overrides)
    if problems:
        raise ManifestErrors(problems)
    return Connector(manifest.name, manifest, overrides, folder)


def _problem(folder: Path, message: str, remedy: str, file: str = "manifest.yaml") -> ManifestProblem:
    return ManifestProblem(str(folder / file), 1, "name" if file == "manifest.yaml" else "", message, remedy)


def _overrides(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"connector_{folder.name}", folder / "connector.py")
    if spec is None or spec.loader is None:
        raise ManifestErrors(
            [_problem(folder, "connector.py cannot be loaded.", "Make it a Python file.", "connector.py")]
        )
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever an author's file raises is a problem to report, with the others
        message = f"it does not load: {type(error).__name__}: {error}."
        raise ManifestErrors([_problem(folder, message, "Mend the Python error.", "connector.py")]) from error
    return module


def _override_problems(folder: Path, manifest: Manifest, module: ModuleType | None) -> list[ManifestProblem]:
    problems = []
    if any(auth.kind == "override" for auth in manifest.auth) and not hasattr(module, "login"):
        problems.append(_problem(folder, "auth kind override without login().", "Write login() in connector.py."))
    for step, count in OVERRIDES.items():
        function = getattr(module, step, None)
        if function is not None and len(inspect.signature(function).parameters) != count:
            message = f"{step}() must take {count} arguments."
            problems.append(
                _problem(folder, message, "See 'connector.py' in docs/connector-authors.md.", "connector.py")
            )
    return problems


registry = Registry()
