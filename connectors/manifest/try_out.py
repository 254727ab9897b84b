"""Checks a vendor folder's manifest from the terminal: `python -m connectors.manifest.try_out FOLDER`."""

import sys
from pathlib import Path

from connectors.manifest.load import load_manifest
from connectors.manifest.problems import ManifestErrors


def main(folders: list[str]) -> int:
    """Print every problem, or what the streams can do; return the exit status."""
    status = 0
    for folder in folders:
        try:
            manifest = load_manifest(Path(folder) / "manifest.yaml")
        except ManifestErrors as errors:
            print(errors)
            status = 1
            continue
        print(f"{manifest.title}: no problems")
        for stream in manifest.streams.values():
            print(f"  {stream.name}: {', '.join(stream.capabilities)}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
