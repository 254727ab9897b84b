"""Tells what a change changes as pages show it: in short, and where that cuts anything the whole, with what differs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_PARTS = 8_000  # words and signs of two texts that are compared; longer ones are told as other texts
Parts = list[tuple[str, bool]]  # pieces of a text, each with whether it differs from the other one


@dataclass(frozen=True, slots=True)
class Told:
    """One difference in words."""

    words: str  # long values are cut
    whole: str = ""  # nothing is cut; empty where nothing is in `words`
    values: tuple[str, str] | None = None  # the two whole values, where both are told

    def __str__(self) -> str:
        return self.whole or self.words

    @property
    def before(self) -> Parts:
        """Return the value that goes, in pieces."""
        return self._parted[0]

    @property
    def after(self) -> Parts:
        """Return the value that comes, in pieces."""
        return self._parted[1]

    @property
    def _parted(self) -> tuple[Parts, Parts]:
        return parted(*self.values) if self.values else ([], [])


def parted(here: str, wanted: str) -> tuple[Parts, Parts]:
    """Return two texts in pieces, each with whether the other text has it too at that place."""
    old, new = (re.findall(r"\w+|\s|[^\w\s]", each) for each in (here, wanted))
    if len(old) + len(new) > MOST_PARTS:
        return [(here, True)], [(wanted, True)]
    found: tuple[Parts, Parts] = ([], [])
    for deed, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for side, text in zip(found, ("".join(old[i:j]), "".join(new[k:m])), strict=True):
            if text:
                side.append((text, deed != "equal"))
    return found


def whole(told: Iterable[Told]) -> list[str]:
    """Return the lines with nothing cut."""
    return [str(each) for each in told]
