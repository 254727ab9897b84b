"""Judges a vendor's folder: its manifest, its name and its connector.py, all problems at once.

The start of the hub and `try_out` both ask here, so what an author is told is what the start would say. It knows
nothing of Django, and nothing of the other folders.
"""

import importlib.util
import inspect
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from connectors.manifest.check import problems_in
from connectors.manifest.compile import compile_manifest
from connectors.manifest.load import source_of
from connectors.manifest.model import Manifest
from connectors.manifest.problems import ManifestErrors, ManifestProblem
from connectors.manifest.source import Source

# The steps that connector.py may say: name -> number of arguments. See docs/connector-authors.md.
OVERRIDES = {"login": 2, "sign": 3, "decode_record": 2, "encode_body": 3, "classify": 2}
_STEPS = "See 'connector.py' in docs/connector-authors.md."


def load_folder(folder: Path) -> tuple[Manifest, ModuleType | None]:
    """Return the compiled manifest and the module of connector.py, None without one; raises ManifestErrors."""
    file, code = folder / "manifest.yaml", folder / "connector.py"
    module, problems = _module(code) if code.exists() else (None, [])
    problems += _step_problems(code, module)
    try:
        source = source_of(file)
    except ManifestErrors as unreadable:
        raise ManifestErrors([*unreadable.problems, *problems]) from unreadable
    problems += [*problems_in(source), *_name_problems(source, folder)]
    if module is not None or not code.exists():  # what does not load may well have a login()
        problems += _login_problems(source, module)
    if problems:
        raise ManifestErrors(problems)
    return compile_manifest(source.value, file=str(file)), module


def _module(file: Path) -> tuple[ModuleType | None, list[ManifestProblem]]:
    """Return what the author's file makes when it is imported, or in words why it cannot be."""
    spec = importlib.util.spec_from_file_location(f"connector_{_name(file.parent)}", file)
    if spec is None or spec.loader is None:
        return None, [ManifestProblem(str(file), 1, "import", "it cannot be loaded.", "Make it a Python file.")]
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an author's file raises is told with the others
        told = f"{type(error).__name__}: {getattr(error, 'msg', '') or error}".rstrip(".: ")
        message, remedy = f"it does not load: {told}.", "Mend the Python error."
        return None, [ManifestProblem(str(file), _line(error, file), "import", message, remedy)]
    return module, []


def _name(folder: Path) -> str:
    """Return the folder's name, also of one that is written `.` or `acme/..`; a link keeps its own name."""
    return os.path.basename(os.path.abspath(folder))


def _line(error: BaseException, file: Path) -> int:
    """Return the line of the author's file at which its import ended."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        lines.append(error.lineno)
    return (lines[-1] if lines else None) or 1


def _step_problems(file: Path, module: ModuleType | None) -> Iterator[ManifestProblem]:
    for step, count in OVERRIDES.items():
        function = getattr(module, step, None)
        if function is None:
            continue
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
        if not callable(function):
            yield ManifestProblem(str(file), line, step, f"{step} is no function.", _STEPS)
        elif len(inspect.signature(function).parameters) != count:
            yield ManifestProblem(str(file), line, step, f"{step}() must take {count} arguments.", _STEPS)


def _name_problems(source: Source, folder: Path) -> Iterator[ManifestProblem]:
    name = source.value.get("name") if isinstance(source.value, dict) else None
    if isinstance(name, str) and name != _name(folder):
        message = f"name is {name!r} in the folder {_name(folder)!r}."
        yield ManifestProblem(source.file, source.line(("name",)), "name", message, "Make them equal.")


def _login_problems(source: Source, module: ModuleType | None) -> Iterator[ManifestProblem]:
    ways = source.value.get("auth") if isinstance(source.value, dict) else None
    for number, way in enumerate(ways if isinstance(ways, list) else ()):
        if isinstance(way, dict) and way.get("kind") == "override" and not hasattr(module, "login"):
            place = ("auth", number, "kind")
            message, remedy = "auth kind override without login().", "Write login() in connector.py."
            yield ManifestProblem(source.file, source.line(place), ".".join(map(str, place)), message, remedy)
