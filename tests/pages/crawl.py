"""A walk through the hub by its links: a few pages of each kind, each looked at."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page, Request, Response

from tests.pages import looking
from tests.pages.alike import Drawn

LEFT_OUT = (  # what is no page, and the ways out
    "/static/", "/logout/", "/admin/logout/", "/hooks/", "/api/system/", "/api/process/", "/api/experience/",
    "/api/openapi", "/api/schemas/",
)  # fmt: skip
ADMIN = "/admin/"
ALIKE = re.compile(r"^admin:\w+(?=_(?:history|delete)$)")  # one template, with other rows of the same kind in it
HREFS = re.compile(r'<a\b(?![^>]*\sdownload[\s=>])[^>]*\bhref="([^"]+)"')  # what is kept as a file is no page
TAGS = re.compile(r"<[^>]+>")
SCRIPTS = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
ASIDE = re.compile(r"<(\w+)\b[^>]*(?:\bdata-technical\b|material-symbols)[^>]*>[^<]*</\1>")  # and icons, named in code
# Where formulas, conditions and the names of columns are written and shown, as people type them.
FORMULAS = re.compile(
    r"/changes/|/mappings/(\d+|new)/|/tables/(\d+/definition|new)/|/admin/((mappings|routes)/\w+|governance/version)/\w"
)
LINKS = """() => [document, ...[...document.querySelectorAll('template')].map((folded) => folded.content)]
  .flatMap((part) => [...part.querySelectorAll('a[href]:not([download])')])
  .map((link) => new URL(link.getAttribute('href'), location).href)
"""  # menus that are folded away are templates


@dataclass
class Walk:
    """Goes through pages with one person's window, and collects what was seen and what is wrong."""

    page: Page
    root: str
    part: Callable[[str], bool] = lambda path: True  # which paths are this walk's business
    most: Mapping[str, int] = field(default_factory=dict)  # pages of a kind, where more than one
    axe: set[str] | None = None  # kinds that axe-core has judged already; None: it judges none
    technical: Callable[[str], bool] = lambda path: False  # which pages are technical as a whole
    read: Callable[[str], bool] = lambda kind: False  # which kinds of pages are only read, not drawn
    drawn: Drawn = field(default_factory=Drawn)  # pages that need not be drawn again; shared by several people's walks
    seen: Counter[str] = field(default_factory=Counter)  # pages by kind
    views: set[str] = field(default_factory=set)  # names of the views that answered, parts of pages included
    wrong: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _expects: int = 200
    _asked: int = 0  # what the page that is open asked the hub for, beside files
    _themes: list[str] = field(default_factory=lambda: list(looking.THEMES))  # the first is the window's

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: said.type == "error" and self._said(said.text))
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        self.page.on("request", self._asks)
        self.page.on("response", self._answered)

    def go(self, *starts: str) -> None:
        """Visit what can be reached by links from some addresses; what was drawn for somebody else is only read."""
        waiting = [address for address in starts if address not in self._known]
        self._known |= set(waiting)
        while waiting:
            address = waiting.pop(0)
            kind = kind_of(address)
            if kind is None or self.seen[kind] >= self.most.get(kind, 1):
                continue
            self.seen[kind] += 1
            first = self.seen[kind] == 1  # a person's second page of a kind is another, and nobody drew it
            alike = self._alike(address, kind) if first and self._may_be_alike(kind) else None
            waiting += self.visit(address, kind) if alike is None else alike

    def visit(self, address: str, kind: str, *, status: int = 200) -> list[str]:
        """Look at one page; return the addresses that it leads to and that were not known."""
        if self.read(kind):
            return self._read(address)
        self._expects, self._asked = status, 0
        answer = self.page.goto(urljoin(self.root, address))
        if answer is None or answer.status != status:
            self._note(f"answers {answer.status if answer else 'nothing'} instead of {status}", address)
            return []
        self.look(kind)
        if not self._asked:
            self.drawn.add(kind, answer.text())
        return self._new(self.page.evaluate(LINKS))

    def look(self, kind: str) -> None:
        """Look at the page that is open."""
        path = urlsplit(self.page.url).path
        kind = ALIKE.sub("admin:any", kind)
        new = self.axe is not None and kind not in self.axe
        judge = self._judge if new else tuple
        formulas = bool(FORMULAS.match(path))
        for what in looking.at(self.page, technical=self.technical(path), formulas=formulas, judge=judge):
            self._note(what)
        if self.axe is not None:
            self.axe.add(kind)

    def _judge(self) -> Iterator[str]:
        path = urlsplit(self.page.url).path
        yield from looking.judged(self.page, ours=not path.startswith(ADMIN), themes=self._themes)
        self._themes.reverse()

    def send(self, form: str, kind: str, *, status: int | None = 200) -> None:
        """Send a form as it stands, with what the browser itself would refuse, and look at what comes back.

        Without a status, 200 and 422 are both an answer to a form with mistakes.
        """
        self._expects = status or 422
        with self.page.expect_navigation() as answered:
            self.page.eval_on_selector(form, "(form) => { form.noValidate = true; form.requestSubmit(); }")
        answer: Response = answered.value
        if answer.status not in ((status,) if status else (200, 422)):
            self._note(f"answers {answer.status} instead of {status} when sent by {form}")
        self.look(kind)

    def _may_be_alike(self, kind: str) -> bool:
        return self.drawn.has_kind(kind) and not self.read(kind)

    def _alike(self, address: str, kind: str) -> list[str] | None:
        """Return where a page leads that is letter for letter one that was drawn; None when it has to be drawn."""
        answer = self.page.context.request.get(urljoin(self.root, address))
        if answer.status != 200 or not self.drawn.has(kind, page := answer.text()):
            return None
        self.views.add(name_of(address))
        return self._new(_links(answer.url, SCRIPTS.sub("", page)))

    def _read(self, address: str) -> list[str]:
        """Read a page with the window's session."""
        answer = self.page.context.request.get(urljoin(self.root, address))
        if answer.status != 200:
            self._note(f"answers {answer.status} instead of 200", address)
            return []
        self.views.add(name_of(address))
        page = SCRIPTS.sub("", answer.text())
        if not self.technical(address):
            said = unescape(TAGS.sub("\n", ASIDE.sub("", page)))
            for what in looking.in_words(said, formulas=bool(FORMULAS.match(address))):
                self._note(what, address)
        return self._new(_links(answer.url, page))

    def _new(self, links: list[str]) -> list[str]:
        new = []
        for link in links:
            bare = urldefrag(link)[0]
            address = bare.removeprefix(self.root)
            ours = bare.startswith(f"{self.root}/") and not address.startswith(LEFT_OUT)
            if ours and address not in self._known and self.part(address):
                self._known.add(address)
                new.append(address)
        return new

    def _asks(self, request: Request) -> None:
        page = request.is_navigation_request()
        self._asked += not page and not request.url.removeprefix(self.root).startswith("/static/")

    def _answered(self, response: Response) -> None:
        address = response.url.removeprefix(self.root)
        if response.status < 400 and (name := name_of(address)):
            self.views.add(name)

    def _said(self, text: str) -> None:
        if not (self._expects >= 400 and text.startswith("Failed to load resource")):
            self._note(f"console: {text}")

    def _note(self, what: str, address: str = "") -> None:
        self.wrong.append(f"{address or self.page.url.removeprefix(self.root)} {what}")


def _links(place: str, page: str) -> list[str]:
    return [urljoin(place, unescape(link)) for link in HREFS.findall(page)]


def name_of(address: str) -> str:
    """Return the name of an address's view, empty where nothing is."""
    try:
        return str(resolve(urlsplit(address).path).view_name)
    except Resolver404:
        return ""


def kind_of(address: str) -> str | None:
    """Return what kind of page an address is: its view and what it is asked; None where nothing is."""
    name = name_of(address)
    if not name or name.startswith("admin:"):  # its lists are narrowed in countless ways, by code that is not ours
        return name or None
    given = {name: values for name, values in parse_qs(urlsplit(address).query).items() if name != "next"}
    return " ".join([name, *(f"{key}={given[key][0]}" if key == "state" else key for key in sorted(given))])
