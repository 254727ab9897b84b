"""Reads the text of a manifest: all its problems at once, or the compiled manifest."""

from pathlib import Path

from connectors.manifest.check import problems_in
from connectors.manifest.compile import compile_manifest
from connectors.manifest.model import Manifest
from connectors.manifest.problems import ManifestErrors, ManifestProblem
from connectors.manifest.source import Source, read_source


def source_of(file: Path) -> Source:
    """Return the parsed file, its faults with it; raises ManifestErrors when it cannot be read at all."""
    try:
        return read_source(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}."
        problem = ManifestProblem(str(file), 1, "", message, "Make it a readable UTF-8 file.")
        raise ManifestErrors([problem]) from error


def read_manifest(text: str, file: str) -> Manifest:
    """Return the compiled manifest of a YAML text; raises ManifestErrors with every problem."""
    source = read_source(text, file)
    problems = problems_in(source)
    if problems:
        raise ManifestErrors(problems)
    return compile_manifest(source.value, file=file)
