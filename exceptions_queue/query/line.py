"""Reading and writing the line: `is:open -class:validation client:C-12,C-13 "free words"`. Pure; it knows no word.

A line is terms with blanks between them, all of which must hold. A term is a word, a colon and one value or several
with commas between them, any of which may hold; or a text without a word. A hyphen in front turns a term round.
Quotes keep blanks, commas and colons; inside them `""` is one quote. Whatever was typed can be read: what is wrong
with it is said with its place, and nothing of it is lost.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

LONGEST = 1000  # characters of a line
MOST_TERMS = 40
MOST_VALUES = 200  # of one term
WORD = re.compile(r"[A-Za-z][A-Za-z_-]*(?=:)")
BARE = re.compile(r'[^\s,"]+')
FREE = re.compile(r'[^\s"]+')
NEEDS_QUOTES = re.compile(r'[\s,"]')


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term, and whether it stands in quotes."""

    text: str
    quoted: bool = False
    start: int = field(default=0, compare=False)  # characters of the line
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """A word with its values, or a text (no word, one value)."""

    word: str  # small letters, with "_"; "" for a text
    values: tuple[Value, ...]
    negated: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was not understood, where, and what would be."""

    start: int
    end: int
    said: str
    accepted: str
    instead: str = ""  # the whole line with what was probably meant; "" where nobody can guess

    def __str__(self) -> str:
        return f"At character {self.start + 1}: {self.said} Accepted: {self.accepted}."


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was typed, and what was read of it."""

    text: str
    terms: tuple[Term, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    def of(self, word: str) -> list[Term]:
        """Return the terms of a word."""
        return [term for term in self.terms if term.word == word]

    def has(self, word: str, value: str) -> bool:
        """Return whether a word stands there with a value, not turned round."""
        return any(not term.negated and any(each.text == value for each in term.values) for term in self.of(word))


def read(text: str) -> Line:
    """Read a line. Never raises: what is wrong is in `wrong`, with everything else still read."""
    if len(text) > LONGEST:
        too_long = Wrong(LONGEST, len(text), f"The line has {len(text):,} characters.", f"at most {LONGEST:,}")
        return Line(text, (), (too_long,))
    if "\x00" in text:
        return Line(text, (), (Wrong(text.index("\x00"), len(text), "A character that is none.", "text"),))
    terms: list[Term] = []
    wrong: list[Wrong] = []
    place = _blanks(text, 0)
    while place < len(text):
        term, place = _term(text, place, wrong)
        if term is not None:
            terms.append(term)
        place = _blanks(text, place)
    if len(terms) > MOST_TERMS:
        beyond = terms[MOST_TERMS]
        said = f"The line has {len(terms)} parts."
        wrong.append(Wrong(beyond.start, len(text), said, f"at most {MOST_TERMS}"))
    return Line(text, tuple(terms[:MOST_TERMS]), tuple(wrong))


def write(terms: Iterable[Term]) -> str:
    """Return terms as a line; reading it gives the same terms."""
    return " ".join(_written(term) for term in terms)


def with_values(line: Line, word: str, values: Iterable[str]) -> str:
    """Return a line in which a word has exactly these values, and stands where it stood first; none: without it."""
    wanted = tuple(Value(text) for text in values)
    kept: list[Term] = []
    put = not wanted
    for term in line.terms:
        if term.word != word or term.negated:
            kept.append(term)
        elif not put:
            kept.append(replace(term, values=wanted))
            put = True
    if not put:
        kept.append(Term(word, wanted))
    return write(kept)


def toggled(line: Line, word: str, value: str) -> str:
    """Return a line with a value of a word more, or without it where it has it."""
    held = [each.text for term in line.of(word) if not term.negated for each in term.values]
    return with_values(line, word, [each for each in held if each != value] if value in held else [*held, value])


def _blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _term(text: str, start: int, wrong: list[Wrong]) -> tuple[Term | None, int]:
    negated = text[start] == "-" and start + 1 < len(text) and not text[start + 1].isspace()
    place = start + 1 if negated else start
    named = WORD.match(text, place)
    if named is None:
        value, place = _free(text, place, wrong)
        return Term("", (value,), negated, start, place), place
    word = named.group().lower().replace("-", "_")
    values, place = _values(text, named.end() + 1, wrong)
    if not values:
        said = f"Nothing stands behind “{named.group()}:”."
        wrong.append(Wrong(start, place, said, f"a value, such as {named.group()}:value, or leave it out"))
        return None, place
    if len(values) > MOST_VALUES:
        said = f"“{named.group()}:” has {len(values)} values."
        wrong.append(Wrong(values[MOST_VALUES].start, place, said, f"at most {MOST_VALUES}"))
        values = values[:MOST_VALUES]
    return Term(word, tuple(values), negated, start, place), place


def _free(text: str, place: int, wrong: list[Wrong]) -> tuple[Value, int]:
    if text[place] == '"':
        return _quoted(text, place, wrong)
    found = FREE.match(text, place)
    assert found is not None  # neither a blank nor a quote stands there
    return Value(found.group(), False, place, found.end()), found.end()


def _values(text: str, place: int, wrong: list[Wrong]) -> tuple[list[Value], int]:
    found: list[Value] = []
    while True:
        if place < len(text) and text[place] == '"':
            value, place = _quoted(text, place, wrong)
            found.append(value)
        elif bare := BARE.match(text, place):
            found.append(Value(bare.group(), False, place, bare.end()))
            place = bare.end()
        elif found or (place < len(text) and text[place] == ","):
            wrong.append(Wrong(place, place + 1, "A comma has no value beside it.", "one value on either side of it"))
        if place >= len(text) or text[place] != ",":
            return found, place
        place += 1


def _quoted(text: str, start: int, wrong: list[Wrong]) -> tuple[Value, int]:
    """Read from an opening quote to its closing one; a missing one is taken to stand at the end."""
    place, parts = start + 1, []
    while True:
        end = text.find('"', place)
        if end < 0:
            parts.append(text[place:])
            wrong.append(Wrong(start, len(text), "A quote is opened and never closed.", 'another " behind the text'))
            return Value("".join(parts), True, start, len(text)), len(text)
        parts.append(text[place:end])
        if text[end + 1 : end + 2] != '"':
            return Value("".join(parts), True, start, end + 1), end + 1
        parts.append('"')
        place = end + 2


def _written(term: Term) -> str:
    sign = "-" if term.negated else ""
    if not term.word:
        text = term.values[0]
        bare = not text.quoted and FREE.fullmatch(text.text) and not WORD.match(text.text) and text.text[0] != "-"
        return sign + (text.text if bare else _in_quotes(text.text))
    return f"{sign}{term.word}:{','.join(map(_value, term.values))}"


def _value(value: Value) -> str:
    bare = value.text and not value.quoted and not NEEDS_QUOTES.search(value.text)
    return value.text if bare else _in_quotes(value.text)


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
