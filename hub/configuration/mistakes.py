"""What is wrong with configuration files, in words for the person who writes them."""

from dataclasses import dataclass

Place = tuple[str | int, ...]  # steps into a file's document


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: where it is (file, line from 1, path in the document), what it is and what would be right."""

    file: str
    line: int
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"{self.file}:{self.line}" if self.line else self.file, self.path) if part)
        said = f"{self.message} {self.remedy}".strip()
        return f"{where}: {said}" if where else said


class Mistakes(Exception):
    """Every mistake of a folder; nothing of it was applied."""

    def __init__(self, found: list[Mistake]) -> None:
        self.found = sorted(set(found))
        super().__init__("\n".join(map(str, self.found)))


def spoken(place: Place) -> str:
    """Return a place as people write it: "destinations[1].condition"."""
    text = ""
    for step in place:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text
