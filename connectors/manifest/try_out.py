"""Judges vendor folders from the terminal, as the start would: `python -m connectors.manifest.try_out FOLDER`."""

import sys
from pathlib import Path

from connectors.manifest.folder import load_folder
from connectors.manifest.problems import ManifestErrors


def main(folders: list[str]) -> int:
    """Print every problem of each folder, or what its streams can do; return the exit status."""
    if not folders:
        print("Nothing was tried out. Name the folder: python -m connectors.manifest.try_out connectors/vendors/acme")
        return 2
    status = 0
    for folder in folders:
        try:
            manifest, _ = load_folder(Path(folder))
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
