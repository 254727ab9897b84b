"""A backup of which any byte is another one is told as damaged, and nothing else."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.backups import archive, restoring
from hub.backups.refused import Refused

PLACE = st.floats(0, 1, exclude_max=True)  # in the file, whose length nobody knows
CUT = st.integers(1, 200)
HARM = st.one_of(
    st.tuples(st.just("write"), PLACE, st.binary(min_size=1, max_size=64)),
    st.tuples(st.just("take out"), PLACE, CUT),
    st.tuples(st.just("repeat"), PLACE, CUT),
    st.tuples(st.just("flip at the end"), CUT, st.integers(1, 255)),
)


def quiet(more: object) -> None:
    """Take what is told about progress."""


def small(file: Path, *, size: int = 300, about: bytes = b'{"format": 1}') -> bytes:
    """Make a backup of so many bytes of a database, and return what stands in its file."""
    written = archive.Written(file)
    written.add(archive.ABOUT, [about], quiet)
    written.add(archive.DUMP, [b"x" * size], quiet)
    written.finish()
    return file.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a small backup."""
    return small(tmp_path_factory.mktemp("backup") / "of-today.backup")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a file that each test writes anew."""
    return tmp_path_factory.mktemp("damaged") / "of-today.backup"


def test_file_with_any_other_byte_is_told_as_damaged(file: Path, whole: bytes) -> None:
    told = [
        _told(file, whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
        for place in range(len(whole))
        for bits in (0x01, 0x40, 0xFF)
    ]
    assert all("is damaged" in each for each in told if each)
    assert sum(map(bool, told)) > 1_000, "what is not told is a date, a right or a comment, which nobody reads"


@given(harms=st.lists(HARM, min_size=1, max_size=20))
def test_file_with_many_other_bytes_is_told_as_damaged(
    file: Path, whole: bytes, harms: list[tuple[object, ...]]
) -> None:
    assert "is damaged" in (_told(file, _harmed(whole, harms)) or "is damaged")


@pytest.mark.parametrize(
    "odd", [b"7", b"[]", b'"x"', b"null", b"{", b"\xff", b'{"about.json": 7, "database.dump": []}']
)
def test_list_of_digests_that_is_none_is_told_as_damage(file: Path, odd: bytes) -> None:
    _rewritten(file, {archive.DIGESTS: odd})
    assert "is damaged" in _told(file, file.read_bytes())


@pytest.mark.parametrize("odd", [b"7", b"[1]", b"null", b"{}", b"", b'[["format", 1]]'])
def test_what_a_backup_says_of_itself_is_told_as_damage_where_it_is_nothing(file: Path, odd: bytes) -> None:
    file.unlink(missing_ok=True)
    assert "is damaged" in _told(file, small(file, about=odd))


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "lacking"])
def test_damaged_file_is_refused_before_the_database_is_asked(tmp_path: Path, harm: str) -> None:
    file = tmp_path / "of-today.backup"
    whole = small(file, size=100_000)
    if harm == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif harm == "changed":
        place = len(whole) // 2
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    elif harm == "foreign":
        file.write_text("SELECT 1;")
    else:
        _rewritten(file, {archive.DUMP: None})
    with pytest.raises(Refused, match="is damaged"):
        restoring.restore(file, replace=True, tell=quiet, say=quiet)


def _rewritten(file: Path, others: dict[str, bytes | None]) -> None:
    """Write a backup whose members are others, each whole in itself; None: it lacks that."""
    file.unlink(missing_ok=True)
    small(file)
    kept = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():
            if (content := others.get(name, old.read(name))) is not None:
                new.writestr(name, content)
    file.write_bytes(kept.getvalue())


def _harmed(whole: bytes, harms: list[tuple[object, ...]]) -> bytes:
    made = bytearray(whole)
    for harm in harms:
        match harm:
            case "write", float(at), bytes(others):
                place = int(at * len(made))
                made[place : place + len(others)] = others
            case "take out", float(at), int(size):
                del made[(place := int(at * len(made))) : place + size]
            case "repeat", float(at), int(size):
                place = int(at * len(made))
                made[place:place] = made[place : place + size]
            case _, int(back), int(bits):
                made[-min(back, len(made))] ^= bits
        if not made:
            return b""
    return bytes(made)


def _told(file: Path, content: bytes) -> str:
    file.write_bytes(content)
    try:
        archive.Found(file, quiet).close()
    except Refused as refused:
        return str(refused)
    return ""
