"""Log files in STATE/logs are kept within bounds."""

import os
import shutil
from pathlib import Path

LARGEST = 20_000_000  # bytes; what is larger is put aside, one generation is kept


def trim(folder: Path) -> None:
    """Put aside the content of each log in `folder` that has grown too large.

    Its writer keeps the file open for appending, so the content is copied and the file emptied; a line written in
    between is lost. Logs are for reading; the record is the database.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size > LARGEST:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
