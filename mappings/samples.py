"""Samples that a mapping can be tried on: the vendor's recorded replies, or its golden file's canonical records."""

from typing import Any

import msgspec

from connectors import paths
from connectors.registry import registry
from mappings.models import Mapping
from mappings.shipped import JSON

ENCODER = msgspec.json.Encoder(decimal_format="number")
MOST = 3  # that a form begins with


def samples_of(mapping: Mapping) -> list[dict[str, Any]]:
    """Return some records of the form that a mapping reads; none where its connector ships none."""
    vendor, _, stem = mapping.key.partition(".")
    connector = registry.connectors.get(vendor)
    if connector is None or connector.folder is None:
        return []
    stream = connector.manifest.streams.get(stem)
    recorded = connector.folder / "samples" / f"{stem}.json"
    if mapping.source.startswith(f"{vendor} ") and stream is not None and stream.read and recorded.exists():
        found = paths.find(JSON.decode(recorded.read_bytes()), stream.read.records)
        return [each for each in found or [] if isinstance(each, dict)][:MOST]
    golden = connector.folder / "golden" / f"{stem}.json"
    if not golden.exists():
        return []
    return [case["input"] for case in JSON.decode(golden.read_bytes()).get("cases", [])][:MOST]


def read_samples(text: str) -> list[dict[str, Any]]:
    """Return typed samples; numbers with a decimal point stay exact. Raises ValueError in words."""
    try:
        found = JSON.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"The samples are not readable as JSON: {error}. Write a list of records.") from None
    except RecursionError:
        raise ValueError("The samples are nested too deep to be records. Write a list of records.") from None
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise ValueError("The samples are no list of records. Write [{…}, {…}].")
    return found


def written(value: Any) -> str:
    """Return a record as JSON that people read; exact numbers keep their digits."""
    return msgspec.json.format(ENCODER.encode(value), indent=2).decode()
