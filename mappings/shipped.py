"""Load the mappings that connectors ship: vendors/<name>/mappings/*.yaml, each with golden/<name>.json beside them.

Every problem of every file is told at once, with file, line and path; with one problem nothing is loaded. A golden file
gives tables, cross-references and cases (input → expected result or problems), so that a mapping's meaning cannot
change unnoticed. Its form:

    {"tables": {"task_codes": [{"key": ["Design"], "values": {"code": "T01"}, "valid_from": "2026-01-01"}]},
     "references": {"project": {"17": "P-881"}},
     "cases": [{"says": "approved entry", "input": {…}, "expected": {…}, "problems": ["unmapped_value task_code"]}]}
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from governance import versions
from mappings.compiled import CompiledMapping
from mappings.drafting import listed
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.words import plain
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.samples import JSON
from mappings.snapshot import BatchSnapshot, Row
from mappings.written import read_text

VENDORS = Path("connectors") / "vendors"
GOLDEN_DAY = date(2026, 4, 1)  # today, for golden files: no result may depend on when they are run


@dataclass(frozen=True, slots=True)
class ShippedMapping:
    """One mapping of a connector's folder."""

    key: str  # "harvest.time_entries": folder and file name
    file: Path
    content: dict[str, Any]
    compiled: CompiledMapping


def folders() -> list[Path]:
    """Return the vendors' folders: the product's own and those of the operator's CONNECTOR_PATHS."""
    roots = [Path(settings.BASE_DIR) / VENDORS, *(Path(path) for path in settings.CONNECTOR_PATHS)]
    return sorted(path for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir())


def load(vendor_folders: list[Path] | None = None) -> list[ShippedMapping]:
    """Return all shipped mappings, compiled; raises MappingErrors with every problem of every file."""
    found: list[ShippedMapping] = []
    problems: list[SavedProblem] = []
    for folder in folders() if vendor_folders is None else vendor_folders:
        for path in sorted((folder / "mappings").glob("*.yaml")):
            try:
                found.append(read(path, f"{folder.name}.{path.stem}"))
            except MappingErrors as errors:
                problems += errors.problems
    if problems:
        raise MappingErrors(problems)
    return found


def read(path: Path, key: str) -> ShippedMapping:
    """Return the mapping of one file; raises MappingErrors with file and line of each problem."""
    content, compiled = read_text(path.read_text(encoding="utf-8"), _shown(path))
    return ShippedMapping(key, path, content, compiled)


def check_golden(mapping: ShippedMapping) -> list[str]:
    """Return what differs between a mapping's golden file and what it does now; [] when all is as written."""
    path = mapping.file.parent.parent / "golden" / f"{mapping.file.stem}.json"
    if not path.exists() and path.with_suffix(".yaml").exists():
        return []  # the vendor holds whole request bodies, and its own tests compare them
    if not path.exists():
        return [f"{_shown(path)}: the mapping {mapping.key} has no golden file. Write input and expected result."]
    golden = JSON.decode(path.read_bytes())
    differences = []
    for number, case in enumerate(golden.get("cases", []), 1):
        outcome = mapping.compiled.run(case["input"], golden_snapshot(mapping.compiled, golden))
        problems = sorted(f"{each.category} {each.field}" for each in outcome.problems)
        wanted = sorted(case.get("problems", []))
        label = f"{_shown(path)}, case {number} ({case.get('says', 'unnamed')})"
        if problems != wanted:
            differences.append(f"{label}: problems are {problems}, expected {wanted}.")
        if "expected" in case and as_json(outcome.values) != case["expected"]:
            shown = json.dumps(as_json(outcome.values), ensure_ascii=False, default=str)
            differences.append(f"{label}: the result is {shown}.")
    return differences or ([] if golden.get("cases") else [f"{_shown(path)}: there is no case. Write at least one."])


def golden_snapshot(compiled: CompiledMapping, golden: dict[str, Any]) -> BatchSnapshot:
    """Return a snapshot that holds a golden file's tables and references, and nothing else: other keys are missing."""
    snapshot = _KnowsAll(GOLDEN_DAY)
    for source in compiled.sources:
        view = snapshot.view(source)
        if source.kind == "xref":
            view.references.update(golden.get("references", {}).get(source.name, {}))
        for number, row in enumerate(golden.get("tables", {}).get(source.name, []), 1):
            first, last = (date.fromisoformat(row[end]) if row.get(end) else None for end in ("valid_from", "valid_to"))
            view.rows.setdefault(tuple(row["key"]), []).append(Row(number, first, last, row["values"]))
    return snapshot


def as_json(value: Any) -> Any:
    """Return a result as golden files write it: exact numbers, dates and times as text."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


@transaction.atomic
def install(mappings: list[ShippedMapping] | None = None) -> list[Mapping]:
    """Put shipped mappings in force that have no version yet; the firm's own versions are left alone."""
    installed = []
    for shipped in load() if mappings is None else mappings:
        content = shipped.content
        versions.install(kind=KIND, object_key=shipped.key, content=content, note="shipped with the connector")
        row, _ = Mapping.objects.update_or_create(
            key=shipped.key, defaults={"shipped": True}, create_defaults={**listed(content), "shipped": True}
        )
        installed.append(row)
    return installed


class _Everything(set[tuple[str, ...]]):
    def __contains__(self, key: object) -> bool:
        return True


class _KnowsAll(BatchSnapshot):
    """A snapshot whose every key counts as asked for: golden files need no database."""

    def view(self, source: Any) -> Any:
        view = super().view(source)
        view.asked = _Everything()
        return view


def _shown(path: Path) -> str:
    base = Path(settings.BASE_DIR)
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
