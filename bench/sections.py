"""Sections of docs/benchmarks.md that a command of their own writes: each command leaves those of the others alone."""


def of(page: str, name: str) -> str:
    """Return a page's section with its marks, "" when it has none."""
    begin, end = _marks(name)
    if begin not in page or end not in page:
        return ""
    return f"{begin}{page.partition(begin)[2].partition(end)[0]}{end}\n"


def put(page: str, name: str, text: str) -> str:
    """Return a page with a section in the place of the one that it had, else at its end."""
    begin, end = _marks(name)
    section = f"{begin}\n\n{text.strip()}\n\n{end}\n"
    before = of(page, name)
    return page.replace(before, section) if before else f"{page.rstrip()}\n\n{section}".lstrip()


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
