"""The web's port: taken by the supervisor itself, so that a second start cannot slip in between check and use."""

import errno
import socket
from pathlib import Path

from hub.supervisor.problems import CannotStart

HOST = "127.0.0.1"


def claim(port: int) -> socket.socket:
    """Return a listening socket on loopback for the web process to inherit; raise CannotStart in words.

    It stays open while the web process is started anew: callers wait a moment and are not turned away.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise _in_words(port, error) from error
    listening.set_inheritable(True)
    return listening


def _in_words(port: int, error: OSError) -> CannotStart:
    if error.errno == errno.EADDRINUSE:
        return CannotStart(
            f"Port {port} is taken",
            f"{holder(port) or 'another process'} listens on {HOST}:{port}.",
            f"Stop it, or choose another port: make run PORT={_free_after(port)}",
        )
    if error.errno == errno.EACCES:
        return CannotStart(
            f"Port {port} may not be used",
            "ports below 1024 belong to root.",
            "Choose a higher one: make run PORT=8000",
        )
    return CannotStart(
        f"Port {port} cannot be used",
        f"the system says: {error.strerror}.",
        "Choose another port: make run PORT=8001",
    )


def holder(port: int) -> str:
    """Say which process listens on `port`, as far as the kernel tells us; empty when it does not."""
    tables = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
    inodes = {f"socket:[{inode}]" for table in tables for inode in _listening(table, port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            link = str(descriptor.readlink())
        except OSError:
            continue
        if link in inodes:
            process = descriptor.parent.parent
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"process {process.name} ({command[:80]})"
    return ""


def _listening(table: Path, port: int) -> list[str]:
    if not table.exists():
        return []
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    return [row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]


def _free_after(port: int) -> int:
    for candidate in range(port + 1, min(port + 100, 65536)):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    return 0
