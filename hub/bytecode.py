"""Keeps compiled modules where the environment forbids Python to write them beside their sources.

Without them each of the hub's programs compiles some 1,400 modules at its start: 5 s of a core instead of 2.
"""

import os
import sys
from pathlib import Path


def keep() -> None:
    """Let this process and those that it starts keep compiled modules in the virtual environment.

    Does something only when PYTHONDONTWRITEBYTECODE is set: the sources' folders stay as clean as that wants them.
    Call it before the imports that it is to spare.
    """
    if not os.environ.get("PYTHONDONTWRITEBYTECODE") or sys.prefix == sys.base_prefix:
        return
    del os.environ["PYTHONDONTWRITEBYTECODE"]
    sys.pycache_prefix = os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(sys.prefix) / "bytecode"))
    sys.dont_write_bytecode = False
