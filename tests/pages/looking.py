"""What a look at a page finds wrong with it: words that only engineers know, width, what axe-core objects to."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

from playwright.sync_api import Page

from tests.pages import looks
from tests.pages.chromium import SIZES
from tests.pages.serving import AXE

THEMES = ("light", "dark")
GRAVE = ("serious", "critical")
# Where technical words may stand, as the pages mark it themselves.
TECHNICAL = "[data-technical], [class*=material-symbols]"  # and icons, which are drawn by the names of theirs
SHOWN = """(technical) => {
  document.querySelectorAll('details').forEach((each) => { each.open = true; });
  const hidden = [...document.querySelectorAll(technical)].map((each) => [each, each.style.display]);
  hidden.forEach(([each]) => { each.style.setProperty('display', 'none', 'important'); });
  const said = document.title + '\\n' + document.body.innerText;
  hidden.forEach(([each, before]) => { each.style.display = before; });
  const typed = [...document.querySelectorAll('input:not([type=hidden]), textarea')]
    .filter((each) => !each.closest(technical) && each.offsetParent).map((each) => each.value);
  return [said, ...typed].join('\\n');
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SETTLING = 2  # seconds that a page which is too wide is given, on a busy machine
JUDGED = """(without) => axe.run(document, {resultTypes: ['violations'],
  rules: Object.fromEntries(without.map((rule) => [rule, {enabled: false}]))}).then((said) => said.violations.map(
    ({id, impact, help, nodes}) => ({id, impact, help, nodes: nodes.map(({html}) => ({html}))})))"""
AT_REST = "*, *::before, *::after { transition: none !important; animation: none !important; }"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
JSON = r'\{\s*["\']|\[\s*[{"\']'
SNAKES = r"(?<![\w.@/:-])[a-z]+(?:_[a-z0-9]+)+(?![\w.@/-])"  # as code and tables are named; addresses and files aside
CLASSES = r"\b(?:[A-Z][a-z]+)+(?:Error|Exception)\b|Traceback|<\w+ object at|(?:^|\t|: )None$"
PACKAGES = ("canonical", "governance", "connectors", "mappings", "routes", "exceptions_queue", "hub")


def at(
    page: Page, *, technical: bool = False, formulas: bool = False, judge: Callable[[], Iterable[str]] = tuple
) -> Iterator[str]:
    """Tell what is wrong with the words of the page that is open, with its width in both windows, and for `judge`.

    The judge looks at the narrow window. The page is left in the other window than it came in, where the next one
    begins: what costs is a change of size.
    """
    if not technical:
        yield from in_words(page.evaluate(SHOWN, TECHNICAL), formulas=formulas)
    for size in (_size(page), *(other for other in SIZES if other != _size(page))):
        if size != _size(page):
            page.set_viewport_size({"width": size[0], "height": size[1]})
        if (over := _too_wide(page)) > 0:
            yield f"is {over} pixels wider than a window of {size[0]}"
        if size == SIZES[0]:
            yield from judge()


def _too_wide(page: Page) -> int:
    """Return how many pixels a page is wider than its window; one that is too wide may settle first.

    A menu that is just unfolded lies elsewhere until its script has found its place.
    """
    end = time.monotonic() + SETTLING
    while (over := int(page.evaluate(TOO_WIDE))) > 0 and time.monotonic() < end:
        page.wait_for_timeout(50)
    return over


def _size(page: Page) -> tuple[int, int]:
    size = page.viewport_size
    assert size
    return size["width"], size["height"]


def in_words(said: str, *, formulas: bool = False) -> Iterator[str]:
    """Tell which words of a page only engineers know; where formulas are written, fields have names as in code."""
    for kind in (UUID, JSON, CLASSES, _internal_names(), *(() if formulas else (SNAKES,))):
        if found := re.search(kind, said, re.MULTILINE):
            yield f"shows {found.group()!r}: …{said[max(0, found.start() - 60) : found.end() + 40]!r}…"


def judged(page: Page, *, ours: bool, themes: Sequence[str] = THEMES) -> Iterator[str]:
    """Tell what axe-core objects to in both themes; on a page that is not ours, what is serious or critical.

    The page is in the first of `themes`, and is left in the last.
    """
    page.add_script_tag(url=AXE)
    page.add_style_tag(content=AT_REST)  # colours on their way from one theme to the other are nobody's
    found = page.evaluate(JUDGED, looks.RULES)
    for theme in themes:
        if theme != themes[0]:
            page.emulate_media(color_scheme=theme)  # both our pages and the administration follow it
        for each in (*found, *looks.unreadable(page)):
            if ours or each["impact"] in GRAVE:
                places = " | ".join(node["html"][:200] for node in each["nodes"][:3])
                yield f"in {theme}, axe: {each['id']} ({each['impact']}): {each['help']}: {places}"
        found = []


@cache
def _internal_names() -> str:
    """Return a pattern of the stored values of states, kinds, rights… which people never type."""
    values: set[str] = set()
    for name in PACKAGES:
        import_module(name)
    waiting: list[Any] = [Enum]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.partition(".")[0] in PACKAGES:
            values |= {str(each.value) for each in kind}
    return rf"(?<![\w.])(?:{'|'.join(sorted(value for value in values if '_' in value))})(?![\w.])"
