"""Which pages are one page, sent to two people: so that a browser draws it once.

A browser draws, says and measures what it is sent, and nothing else. So two answers with the same status and the same
letters are judged alike, whoever asked for them, as long as no script of theirs asks the hub for more. Two things are
taken out first, and neither is lost: tokens against forgery, which are random and draw nothing; and the side (name,
search, navigation, account), which differs by person and is a part of its own. A page counts as drawn when both its
parts were: what stands beside the side, with the link to here that is marked in it; and the side itself, with any link
marked. The side has a place of a fixed width, so that what stands beside it lies where it lay.
"""

import re
from collections.abc import Iterator

SIDE = re.compile(r'<header class="side">.*?</header>', re.DOTALL)
TOKENS = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<="X-CSRFToken": ")\w+')
HERE = re.compile(r'<a href="[^"]*"\s+aria-current="page"')  # the link to where one is
MARK = re.compile(r'\s*(?:aria-current="page")?>')
AT_ONCE = re.compile(r'\bhx-trigger="[^"]*\b(?:load|every|revealed|intersect)\b')


class Drawn:
    """The parts of pages that were drawn, each with the kind of its page, by which it was judged."""

    def __init__(self) -> None:
        self._parts: set[tuple[str, str]] = set()
        self._kinds: set[str] = set()

    def has_kind(self, kind: str) -> bool:
        """Tell whether any page of a kind was drawn, so that it is worth asking about another."""
        return kind in self._kinds

    def has(self, kind: str, page: str) -> bool:
        """Tell whether all of a page was drawn."""
        return not AT_ONCE.search(page) and self._parts.issuperset(_parts(kind, page))

    def add(self, kind: str, page: str) -> None:
        """Note a page that was drawn, and for which nothing but files was asked for."""
        self._kinds.add(kind)
        self._parts.update(_parts(kind, page))


def _parts(kind: str, page: str) -> Iterator[tuple[str, str]]:
    bare = TOKENS.sub("", page)
    sides = SIDE.findall(bare)
    here = "".join(found for side in sides for found in HERE.findall(side))
    yield kind, SIDE.sub(here, bare)
    yield from (("side", MARK.sub(">", side)) for side in sides)
