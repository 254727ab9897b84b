"""A backup of which any byte is another one is told as damaged, and nothing else."""

from pathlib import Path

from hub.backups import archive
from hub.backups.refused import Refused


def quiet(done: int) -> None:
    """Tell nothing."""


def test_file_with_any_other_byte_is_told_as_damaged(tmp_path: Path) -> None:
    file = tmp_path / "of-today.backup"
    written = archive.Written(file)
    written.add(archive.ABOUT, [b'{"format": 1}'], quiet)
    written.add(archive.DUMP, [b"x" * 300], quiet)
    written.finish()
    whole = file.read_bytes()
    told = [_told(file, whole, place, bits) for place in range(len(whole)) for bits in (0x01, 0x40, 0xFF)]
    assert all("is damaged" in each for each in told if each)
    assert sum(map(bool, told)) > 1_000, "what is not told is a date, a right or a comment, which nobody reads"


def _told(file: Path, whole: bytes, place: int, bits: int) -> str:
    file.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
    try:
        archive.Found(file, quiet).close()
    except Refused as refused:
        return str(refused)
    return ""
