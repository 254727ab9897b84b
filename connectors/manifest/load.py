"""Reads a vendor's manifest.yaml: all its problems at once, or the compiled manifest."""

from pathlib import Path

from connectors.manifest.check import problems_in
from connectors.manifest.compile import compile_manifest
from connectors.manifest.model import Manifest
from connectors.manifest.problems import ManifestErrors, ManifestProblem
from connectors.manifest.source import read_source


def load_manifest(file: Path) -> Manifest:
    """Return the compiled manifest; raises ManifestErrors with every problem."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = ManifestProblem(
            str(file), 1, "", f"the file cannot be read: {error}.", "Make it a readable UTF-8 file."
        )
        raise ManifestErrors([problem]) from error
    return read_manifest(text, str(file))


def read_manifest(text: str, file: str) -> Manifest:
    """Return the compiled manifest of a YAML text; raises ManifestErrors with every problem."""
    source = read_source(text, file)
    problems = problems_in(source)
    if problems:
        raise ManifestErrors(problems)
    return compile_manifest(source.value, file=file)
