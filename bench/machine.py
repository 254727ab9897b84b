"""On what was measured: the machine, the versions, and the durability settings as the server itself says them."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

PACKAGES = ("django", "psycopg", "celery", "aiohttp", "msgspec")
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")


def describe(database: str) -> dict[str, Any]:
    """Return cores, memory in GiB, processor, system, versions, and what `database` says of its durability."""
    with psycopg.connect(database) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in (*DURABILITY, "server_version")}
    said = {name: row[0] if row else "" for name, row in shown.items()}
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "postgresql": said.pop("server_version"),
            **{name: version(name) for name in PACKAGES},
        },
        "durability": said,
    }


def is_durable(machine: dict[str, Any]) -> bool:
    """Tell whether nothing was gained by forgetting."""
    return all(value == "on" for value in machine["durability"].values())


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", information.read_text()) if information.exists() else None
    return found[1].strip() if found else platform.processor() or "unknown"
