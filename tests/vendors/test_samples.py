"""The shipped samples are answers as the manifests describe them."""

import json
from pathlib import Path

import pytest

from connectors import paths
from connectors.registry import registry

VENDORS = Path(__file__).resolve().parent.parent.parent / "connectors" / "vendors"
SAMPLES = [file for vendor in ("harvest", "netsuite") for file in sorted(VENDORS.glob(f"{vendor}/samples/*.json"))]


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: f"{file.parts[-3]} {file.stem}")
def test_sample_holds_records_with_their_keys_and_times(file: Path) -> None:
    stream = registry.connector(file.parts[-3]).manifest.streams[file.stem]
    assert stream.read is not None

    records = paths.find(json.loads(file.read_text()), stream.read.records)

    assert records
    for record in records:
        assert all(paths.find(record, path) is not None for path in (*stream.key, stream.changed_at))


@pytest.mark.parametrize("vendor", ["harvest", "netsuite"])
def test_every_stream_that_is_read_has_a_sample(vendor: str) -> None:
    read = {stream.name for stream in registry.connector(vendor).manifest.streams.values() if stream.read}

    assert read == {file.stem for file in SAMPLES if file.parts[-3] == vendor}
