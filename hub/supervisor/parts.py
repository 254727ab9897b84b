"""The programs that make up a running hub: what each is called and how it is started."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.environment import declared
from hub.supervisor.child import Child
from hub.supervisor.options import ROOT, Options
from hub.supervisor.places import Places
from hub.supervisor.port import HOST

MARK = "THROUGHLINE_CHILD_OF"  # in the environment of every program we start: how orphans are recognised

# Quiet: its banner is no line of a log, and JSON least of all. What it logs is logged.
CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "hub.celery:app")


def environment(options: Options, servers: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return the environment of the hub's programs.

    `servers` are the addresses of database and broker, `ports` those of the simulated systems: exactly these
    internal addresses are allowed to connectors, besides what the operator allowed already.
    """
    allowed = [each for each in os.environ.get("OUTBOUND_ALLOWED", "").split(",") if each]
    allowed += [f"{HOST}:{port}" for port in ports.values()]
    told_by_us = {declared.DATABASE_URL.file, declared.DATABASE_PASSWORD.name, declared.DATABASE_PASSWORD.file}
    told_by_us.add(declared.REDIS_URL.file)  # the addresses below hold what was read from all these
    return {
        **{name: value for name, value in os.environ.items() if name not in told_by_us},
        **servers,
        "STATE": str(options.state),
        "DJANGO_SETTINGS_MODULE": "hub.settings",
        "OUTBOUND_ALLOWED": ",".join(allowed),
        "SANDBOX": json.dumps({system: f"http://{HOST}:{port}" for system, port in ports.items()}),
        "PYTHONUNBUFFERED": "1",  # a log is read while it is written
        MARK: str(options.state),
    }


def sandbox(options: Options, where: Places, env: Mapping[str, str]) -> Child:
    """Return the simulated systems, all in one process, on loopback."""
    folder = where.state / "sandbox"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "all", "--port", str(options.sandbox_port), "--state", str(folder)]
    command.append("--acts")  # some entries are rejected and corrected once they are posted
    return Child("sandbox", command, env, where.logs, ROOT)


def listening(log: Path, since: int) -> dict[str, int]:
    """Return the port of each simulated system as the sandbox announced it after byte `since` of its log."""
    text = log.read_bytes()[since:].decode(errors="replace") if log.exists() else ""
    found = re.search(r'^\{"listening": .*\}$', text, re.MULTILINE)
    return dict(json.loads(found[0])["listening"]) if found else {}


def web(where: Places, env: Mapping[str, str], descriptor: int) -> Child:
    """Return the web process; it inherits the listening socket `descriptor`."""
    command = [sys.executable, "-m", "gunicorn", "-c", "python:hub.web", "hub.wsgi:application"]
    command += ["--bind", f"fd://{descriptor}"]
    return Child("web", command, env, where.logs, ROOT, passes=(descriptor,))


def workers(options: Options, where: Places, env: Mapping[str, str]) -> list[Child]:
    """Return the worker processes: threads within each, because their work is waiting for systems and database."""
    children = []
    for number, lanes in enumerate(options.workers, 1):
        name = f"worker-{number}"
        command = [*CELERY, "worker", "-Q", lanes, "-n", f"{name}@%h"]
        command += ["-P", "threads", "-c", str(options.threads), "--loglevel", "INFO"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        children.append(Child(name, command, env, where.logs, ROOT))
    return children


def beat(where: Places, env: Mapping[str, str]) -> Child:
    """Return the clock. It keeps no pid file: a stale one would hinder the next start."""
    command = [*CELERY, "beat", "--loglevel", "INFO", "--pidfile", ""]
    return Child("beat", command, env, where.logs, ROOT, grace=5)
