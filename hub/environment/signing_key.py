"""The key that signs sessions, where the operator gives none: kept in STATE, made at the first start."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from hub.supervisor.problems import CannotStart, of_folder

NAME = "secret_key"
# Commands of manage.py that begin a hub. All others work with one that is there: a mistyped STATE must not become a
# folder because somebody asked about it, nor may root leave a key that the hub's own account cannot read.
BEGINNERS = ("prepare", "runserver")


def kept(state: Path, command: Sequence[str]) -> str:
    """Return the key of a STATE; `command` is what runs. Raises CannotStart."""
    path = state / NAME
    try:
        if not os.path.lexists(path):
            if _only_looks(command):
                return secrets.token_urlsafe(50)  # signs nothing that anybody else will read
            _make(path)
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        if error.filename and Path(os.fsdecode(error.filename)) == path:
            raise _unusable(path, f"the system says: {error.strerror}.") from error
        raise of_folder(state, error) from error
    except ValueError as error:
        raise _unusable(path, "it is no text.") from error
    if not text:
        raise _unusable(path, "it is empty.")
    return text


def _only_looks(command: Sequence[str]) -> bool:
    """Tell whether a command of manage.py runs that begins no hub."""
    return Path(next(iter(command), "")).name == "manage.py" and not set(command[1:2]) & set(BEGINNERS)


def _make(path: Path) -> None:
    """Make the key. Of two programs that start at once one wins, and both use its key, which is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{NAME}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _unusable(path: Path, cause: str) -> CannotStart:
    remedy = f"Restore it or mend its rights; or remove it to have one made: everybody then signs in again. rm {path}"
    return CannotStart(f"The key of the sessions in {path} cannot be used", cause, remedy)
