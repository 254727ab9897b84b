"""Reading the first sheet of an XLSX file without trusting it: unpacked, long, wide or deep files are refused.

Row by row, by the expat of the standard library. Formats are not read: whoever knows a column's kind knows whether a
number in it is a day. Values of formulas are those that the program which saved the file has worked out.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat

Cell = str | Decimal | bool | None
MOST_UNPACKED = 40 * 1024 * 1024  # bytes of one part of the file, and of all that is read of it
PIECE = 64 * 1024
PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
WORKBOOK, RELATIONS, TEXTS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
BROKEN = "The file cannot be read as a workbook. Save it anew as XLSX or CSV."


class UnreadableSheet(ValueError):
    """The file is none that can be read; the message says why, and what to do."""


def rows_of(content: bytes, *, most_rows: int, most_columns: int) -> list[list[Cell]]:
    """Return the rows of a workbook's first sheet, empty ones included. Raises UnreadableSheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            budget = _Budget()
            names = set(book.namelist())
            texts = _texts(budget.pieces(book, TEXTS)) if TEXTS in names else []
            return _Sheet(texts, most_rows, most_columns).read(budget.pieces(book, _first(book, names, budget)))
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, KeyError, EOFError, NotImplementedError, RuntimeError,
            OSError, UnicodeError) as error:  # fmt: skip
        raise UnreadableSheet(BROKEN) from error


class _Budget:
    """What may still be unpacked: counted as it comes, whatever the file says of itself."""

    def __init__(self) -> None:
        self.left = MOST_UNPACKED

    def pieces(self, book: zipfile.ZipFile, name: str) -> Iterator[bytes]:
        """Yield a part of the file. Raises UnreadableSheet for one that is too large."""
        with book.open(name) as part:
            while piece := part.read(PIECE):
                self.left -= len(piece)
                if self.left < 0:
                    raise UnreadableSheet(
                        f"Unpacked, the file has more than {MOST_UNPACKED // 1024**2} MB. Send fewer lines, without "
                        "pictures and formats."
                    )
                yield piece


def _parsed(pieces: Iterator[bytes], start: Callable[..., None], end: Any = None, text: Any = None) -> None:
    parser = expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = _no_doctype  # so there are no entities that could grow
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _no_doctype(*_: Any) -> None:
    raise UnreadableSheet(BROKEN)


def _first(book: zipfile.ZipFile, names: set[str], budget: _Budget) -> str:
    """Return the name of the part that holds the first sheet."""
    ids: list[str] = []
    targets: dict[str, str] = {}

    def sheet(name: str, given: dict[str, str]) -> None:
        if _bare(name) == "sheet":
            ids.append(next((value for key, value in given.items() if _bare(key) == "id" and ":" in key), ""))

    def relation(name: str, given: dict[str, str]) -> None:
        if _bare(name) == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    _parsed(budget.pieces(book, WORKBOOK), sheet)
    _parsed(budget.pieces(book, RELATIONS), relation)
    target = targets.get(ids[0], "") if ids else ""
    found = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    if found not in names:
        raise UnreadableSheet(BROKEN)
    return found


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _texts(pieces: Iterator[bytes]) -> list[str]:
    """Return the texts that cells share; what is only said about their pronunciation is left out."""
    found: list[str] = []
    parts: list[str] = []
    inside, silent = False, 0

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal inside, silent
        silent += _bare(name) == "rPh"
        inside = _bare(name) == "t"

    def end(name: str) -> None:
        nonlocal inside, silent
        inside = False
        silent -= _bare(name) == "rPh"
        if _bare(name) == "si":
            found.append(_unescaped("".join(parts)))
            parts.clear()

    def text(words: str) -> None:
        if inside and not silent:
            parts.append(words)

    _parsed(pieces, start, end, text)
    return found


class _Sheet:
    """One sheet while it is read."""

    def __init__(self, texts: list[str], most_rows: int, most_columns: int) -> None:
        self.texts, self.most_rows, self.most_columns = texts, most_rows, most_columns
        self.rows: list[list[Cell]] = []
        self.row: list[Cell] = []
        self.column, self.kind = 0, ""
        self.parts: list[str] = []
        self.inside = False

    def read(self, pieces: Iterator[bytes]) -> list[list[Cell]]:
        """Return its rows. Raises UnreadableSheet."""
        _parsed(pieces, self._start, self._end, self._text)
        while self.rows and not any(each not in (None, "") for each in self.rows[-1]):
            self.rows.pop()
        return self.rows

    def _start(self, name: str, given: dict[str, str]) -> None:
        match _bare(name):
            case "row":
                number = given.get("r", "")
                self._to_row(int(number) if number.isdecimal() and len(number) < 8 else len(self.rows) + 1)
                self.column = 0
            case "c":
                place = PLACE.fullmatch(given.get("r", ""))
                self.column = _number(place[1]) if place else self.column + 1
                self.kind, self.parts = given.get("t", "n"), []
            case "v" | "t":
                self.inside = True

    def _to_row(self, number: int) -> None:
        if number > self.most_rows:
            self.row = []  # an empty one does no harm; a value in it is refused
            self.too_far = True
            return
        self.too_far = False
        while len(self.rows) < number:
            self.rows.append([])
        self.row = self.rows[number - 1]

    too_far = False

    def _end(self, name: str) -> None:
        match _bare(name):
            case "v" | "t":
                self.inside = False
            case "c":
                value = self._value("".join(self.parts))
                if value not in (None, ""):
                    self._put(value)

    def _put(self, value: Cell) -> None:
        if self.too_far:
            raise UnreadableSheet(f"The sheet has more than {self.most_rows:,} rows. Send it in parts.")
        if not 0 < self.column <= self.most_columns:
            raise UnreadableSheet(f"The sheet has more than {self.most_columns} columns. Leave those of it only.")
        self.row.extend([None] * (self.column - len(self.row)))
        self.row[self.column - 1] = value

    def _text(self, words: str) -> None:
        if self.inside:
            self.parts.append(words)

    def _value(self, text: str) -> Cell:
        match self.kind:
            case "s":
                if not (text.isdecimal() and len(text) < 9 and int(text) < len(self.texts)):
                    raise UnreadableSheet(BROKEN)
                return self.texts[int(text)]
            case "b":
                return text == "1"
            case "n" if text:
                return _decimal(text)
            case _:
                return _unescaped(text)


def _unescaped(text: str) -> str:
    """Return a text with the characters that no XML holds: workbooks write them as _x000D_, and _x005F_ for a "_"."""
    return ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return found[0] if number == 0 or 0xD800 <= number <= 0xDFFF else chr(number)


def _decimal(text: str) -> Cell:
    """Return a number as people see it: programs write 7.6 as 7.5999999999999996."""
    try:
        number = Decimal(repr(float(text))) if len(text) > 15 else Decimal(text)
    except (InvalidOperation, ValueError):
        return text
    return number if number.is_finite() and abs(number.adjusted()) < 30 else text


def _number(letters: str) -> int:
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found
