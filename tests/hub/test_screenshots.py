"""The pictures in the guides: each is there, small, and shown somewhere with words for those who do not see it."""

import re

from hub.supervisor.options import ROOT
from tests.hub.test_repository import tracked
from tests.screenshots import DONE, PICTURES, PLACE

MOST = 150_000  # bytes
NAMES = {picture[0] for picture in (*PICTURES, *DONE)} - {""}


def test_every_picture_is_there_and_small() -> None:
    assert {path.stem for path in PLACE.glob("*.webp")} == NAMES
    assert [path.name for path in PLACE.glob("*.webp") if path.stat().st_size > MOST] == []


def test_every_picture_is_shown_with_words() -> None:
    shown: dict[str, str] = {}
    for guide in tracked("*.md"):
        for words, place in re.findall(r"!\[([^\]]*)\]\(([^)]*screenshots/[^)]*)\)", guide.read_text()):
            assert (guide.parent / place).exists(), f"{guide.relative_to(ROOT)}: {place}"
            shown[place.rpartition("/")[2]] = words
    assert {f"{name}.webp" for name in NAMES} == shown.keys()
    assert all(len(words) > 20 for words in shown.values())
