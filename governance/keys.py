"""Encryption keys, apart from the database and from SECRET_KEY: read, made, rotated.

Keys come from the environment (THROUGHLINE_KEYS, newest first, separated by commas; or THROUGHLINE_KEYS_FILE, which
names a file with them) or from the file `keys` in STATE, one a line, newest first, mode 0600, made at first use. What
is encrypted names the key by its fingerprint, so that a lost key can be named too. The cipher is Fernet:
https://github.com/fernet/spec/
"""

import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

ENVIRONMENT = "THROUGHLINE_KEYS"
FILE = "THROUGHLINE_KEYS_FILE"  # names a file that holds what the variable would, as secrets are mounted in containers
KEY = re.compile(r"[A-Za-z0-9_+/-]{43}=")  # 32 bytes in base64; another character, and its fingerprint is another one
OPERATOR = "An operator of the hub has to mend that: `manage.py doctor` says what is wrong with them."


first_key_asks: "list[Callable[[], None]]" = []  # asked before a first key is made; each may raise KeysUnusable


class KeyLost(Exception):
    """A secret cannot be read because its key is gone. The message names the remedy, for people."""


class KeysUnusable(Exception):
    """The keys themselves cannot be read or made. The message names the remedy, for the operator."""


def encrypt(plain: bytes) -> str:
    """Return `plain` encrypted with the newest key, as "fingerprint.token"."""
    newest = _keys()[0]
    return f"{fingerprint(newest)}.{Fernet(newest).encrypt(plain).decode()}"


def decrypt(sealed: str) -> bytes:
    """Return what `encrypt` was given; raises KeyLost when its key is not here, or the text was tampered with."""
    here = tuple(_there())
    try:
        if here:
            return _opened(sealed.rpartition(".")[2], here)
    except InvalidToken:
        pass
    raise KeyLost(_what_is_lost(sealed))


@lru_cache(maxsize=64)  # a worker opens the same few for every batch; other keys are another entry
def _opened(token: str, keys: tuple[bytes, ...]) -> bytes:
    return MultiFernet([Fernet(key) for key in keys]).decrypt(token.encode())


def fingerprint(key: bytes) -> str:
    """Return 8 characters that name a key without giving it away."""
    return hashlib.sha256(b"throughline key " + key).hexdigest()[:8]


def newest_fingerprint() -> str:
    """Return the fingerprint of the key that encrypts from now on."""
    return fingerprint(_keys()[0])


def is_newest(sealed: str) -> bool:
    """Return whether something is encrypted with the newest key."""
    return sealed.partition(".")[0] == newest_fingerprint()


def can_read(sealed: str) -> bool:
    """Return whether the key of something is here; for `doctor`, which names what has to be entered again."""
    try:
        decrypt(sealed)
    except KeyLost:
        return False
    return True


def from_environment() -> bool:
    """Return whether the operator keeps the keys in the environment, so that no file is read or written."""
    return bool(split(os.environ.get(ENVIRONMENT, "")) or os.environ.get(FILE))


def split(text: str) -> list[str]:
    """Return the keys that stand in a text, with commas or blanks between."""
    return [key for key in re.split(r"[\s,]+", text) if key]


def check(state: Path) -> None:
    """Raise KeysUnusable where keys are there and cannot be used; for a start, before anything needs them."""
    if from_environment():
        _keys_in_environment(_given(), place())
    elif (path := state / "keys").exists():
        _read(path)


def require_usable() -> None:
    """Raise KeysUnusable where keys are there and cannot be used: before work begins that would need them midway."""
    _there()


def add_key() -> str:
    """Put a new key before the others in the file and return its fingerprint; refuses when the environment rules."""
    _refuse_environment(
        "The new key has to be put first there by hand; make one with `manage.py rotate_keys --new-key`."
    )
    key = Fernet.generate_key()
    _keys()  # the first one is made when there is none
    with _alone():
        _write([key, *_keys()])
    return fingerprint(key)


def add_first_key() -> None:
    """Make a key where the file with all others is gone for good: what they sealed is lost. Refuses like `add_key`."""
    _refuse_environment("Put a new key there by hand.")
    if not os.path.exists(file()):
        _make(file())


def ring() -> list[bytes]:
    """Return the keys themselves, newest first: for a backup that is to hold them."""
    return _there()


def add_older(wanted: list[bytes]) -> int:
    """Put keys of a backup behind those in the file; return how many were not there. Refuses like `add_key`."""
    _refuse_environment("The keys have to be put there by hand.")
    kept = _checked((key.decode() for key in wanted), "the backup")
    here = _keys() if file().exists() else []
    lacking = [key for key in kept if key not in here]
    if lacking:
        _write([*here, *lacking])
    return len(lacking)


@contextmanager
def with_older(wanted: list[bytes]) -> Iterator[int]:
    """Put keys of a backup behind those in the file, as `add_older`, and take them out again if the block fails."""
    path = file()
    before = path.read_bytes().split() if path.exists() else []
    added = add_older(wanted)
    try:
        yield added
    except BaseException:
        if added and before:
            _write(before)
        elif added:
            path.unlink()
        raise


def keep_only_newest() -> int:
    """Drop all keys but the newest from the file and return how many went. Rotate first: what they sealed is lost."""
    _refuse_environment("Remove the old keys there by hand.")
    _keys()
    with _alone():
        keys = _keys()
        _write(keys[:1])
    return len(keys) - 1


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process change the file at a time: of two that add a key both keys must stay."""
    try:
        with (file().parent / "keys.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise KeysUnusable(
            f"The encryption keys in {file()} cannot be changed: {error.strerror}. "
            "Make room or give the hub's account the right to write there."
        ) from error


def file() -> Path:
    """Return where the keys are when the environment does not hold them."""
    return Path(settings.STATE) / "keys"


def place() -> str:
    """Return where the keys are, in words."""
    if path := os.environ.get(FILE):
        return f"the file {path} that {FILE} names"
    return f"the environment variable {ENVIRONMENT}" if from_environment() else str(file())


def _keys() -> list[bytes]:
    """Return the keys, newest first; makes the first one when there is none, and nothing was sealed with another."""
    if not from_environment() and not os.path.exists(file()):
        for ask in first_key_asks:
            ask()
        _make(file())
    return _there()


def _there() -> list[bytes]:
    """Return the keys that are there, newest first; makes none, so that whoever only reads leaves nothing behind."""
    if from_environment():
        return list(_keys_in_environment(_given(), place()))
    path = file()
    return _read(path) if os.path.exists(path) else []


def _read(path: Path) -> list[bytes]:
    try:
        found = path.stat()
        return list(_keys_in_file(path, found.st_mtime_ns, found.st_ino, stat.S_IMODE(found.st_mode)))
    except (OSError, ValueError) as error:
        raise KeysUnusable(
            f"The encryption keys in {path} cannot be read: {_why(error)}. Repair its rights or restore it."
        ) from error


def _why(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text in UTF-8"


def _given() -> str:
    """Return what the operator's environment says, itself or by the file that it names."""
    path = os.environ.get(FILE)
    if not path:
        return os.environ[ENVIRONMENT]
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise KeysUnusable(f"The encryption keys in {path} cannot be read: {_why(error)}. {FILE} names it.") from error


@lru_cache(maxsize=4)
def _keys_in_environment(value: str, stand_in: str) -> tuple[bytes, ...]:
    return _checked(split(value), stand_in)


@lru_cache(maxsize=4)
def _keys_in_file(path: Path, changed: int, inode: int, mode: int) -> tuple[bytes, ...]:
    """Read the file anew whenever it is another one: a process that runs during a rotation must see the new key."""
    if mode & 0o077:
        raise KeysUnusable(f"The encryption keys in {path} can be read by others. Type: chmod 600 {path}")
    return _checked(path.read_text(encoding="utf-8").splitlines(), str(path))


def _checked(texts: Iterable[str], place: str) -> tuple[bytes, ...]:
    keys = tuple(text.strip().encode() for text in texts if text.strip())
    for number, key in enumerate(keys, start=1):
        if not KEY.fullmatch(key.decode()):
            raise KeysUnusable(
                f"Key {number} in {place} is not a key: it must be 32 bytes in URL-safe base64 (44 characters). "
                "Make one with `manage.py rotate_keys --new-key`."
            )
    if not keys:
        raise KeysUnusable(f"There is no key in {place}. Restore it from your backup, or remove it to have one made.")
    return keys


def _make(path: Path) -> None:
    """Make the first key. Of two processes that start at once one wins, and both use its key."""
    draft = _draft(path, [Fernet.generate_key()])
    try:
        os.link(draft, path)  # fails when it exists, and never shows half a file
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _write(keys: list[bytes]) -> None:
    path = file()
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: list[bytes]) -> Path:
    """Write a whole file beside the real one, on disk before it takes its place."""
    draft = path.with_name(f".keys-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(b"".join(key + b"\n" for key in keys))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise KeysUnusable(
            f"The encryption keys cannot be written to {path.parent}: {error.strerror}. "
            "Make room or give the hub's account the right to write there."
        ) from error
    return draft


def _refuse_environment(remedy: str) -> None:
    if from_environment():
        raise KeysUnusable(f"The encryption keys are in {place()}. {remedy}")


def _what_is_lost(sealed: str) -> str:
    name, _, token = sealed.rpartition(".")
    here = [fingerprint(key) for key in _there()]
    if token and name in here:
        return "This secret was changed after it was encrypted, so it cannot be read. Enter it again."
    return (
        f"This secret was encrypted with the key {name or 'of an unknown name'}, which is not here ({place()} has "
        f"{', '.join(here) or 'none'}). Put that key back from your backup, or enter the secret again."
    )
