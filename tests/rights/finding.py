"""Finds the verbs: public functions with a keyword-only `by`."""

import ast
from functools import cache
from pathlib import Path

from django.conf import settings

PACKAGES = ("canonical", "governance", "connectors", "mappings", "routes", "exceptions_queue", "hub")


@cache
def there() -> frozenset[str]:
    """Return every public function with a keyword-only `by`, as module and name."""
    found = set()
    for package in PACKAGES:
        for path in (settings.BASE_DIR / package).rglob("*.py"):
            if not {"migrations", "vendors"} & set(path.parts):
                found |= {f"{_module(path)}.{name}" for name in _verbs(path)}
    return frozenset(found)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)


def _verbs(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if "by:" not in text:
        return []
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and any(each.arg == "by" for each in node.args.kwonlyargs)
    ]
