"""Where the real ERP of the tests lies: what is slow to make is kept below the clone, what belongs to a run is not.

`CACHE` (below the clone's .state) outlives runs and is keyed by what it was made from; `RUN` lies in STATE, the
temporary folder of this test run, and is shared by its pytest processes.
"""

import datetime as dt
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".state" / "erp"
LOCK_FILE = HERE / "requirements.lock"
SEED = HERE / "firm.py"
QUICK = HERE / "quick.py"


@dataclass(frozen=True)
class Places:
    """The files of one test run; `month` is that of the firm, whose open periods move with the calendar."""

    run: Path
    month: dt.date

    @classmethod
    def of_this_run(cls) -> "Places":
        """Return the places below STATE, which the main process of pytest has set."""
        return cls(Path(os.environ["STATE"]) / "erp", dt.datetime.now(dt.UTC).date().replace(day=1))

    @property
    def environment(self) -> Path:
        """The virtual environment of Tryton."""
        return CACHE / f"environment-{_mark(LOCK_FILE.read_bytes())}"

    @property
    def python(self) -> Path:
        """The interpreter of that environment."""
        return self.environment / "bin" / "python"

    @property
    def dump(self) -> Path:
        """The seeded database as pg_dump wrote it; its facts lie beside it with the ending .json."""
        mark = _mark(LOCK_FILE.read_bytes(), SEED.read_bytes(), QUICK.read_bytes(), self.month.isoformat().encode())
        return CACHE / f"firm-{mark}.dump"

    @property
    def configuration(self) -> Path:
        """The configuration file of trytond."""
        return self.run / "trytond.conf"

    @property
    def facts(self) -> Path:
        """What tests must know of the firm, as JSON; there once the database is ready."""
        return self.run / "firm.json"

    @property
    def failed(self) -> Path:
        """Is there once the preparation has failed; the log says why."""
        return self.run / "failed"

    @property
    def log(self) -> Path:
        """What the preparation and the server said."""
        return self.run / "tryton.log"


def _mark(*parts: bytes) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(b"\0".join([version, *parts])).hexdigest()[:16]
