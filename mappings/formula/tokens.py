"""Cut the written form of a formula into tokens, and refuse what the grammar does not know.

Brackets, commas and the alternation of values and operators are all checked here, with every problem at its position,
so that Python's parser, which comes next, only ever sees text that this module wrote.
"""

import re
from dataclasses import dataclass

from mappings.formula import limits
from mappings.formula.problems import SavedProblem

# kind of a token: number, text, path, function, keyword (argument name), constant, operator, prefix, punctuation


@dataclass(frozen=True, slots=True)
class Token:
    """One token: what it is, what it means, and where it stands in the formula (from 0)."""

    kind: str
    value: str
    position: int
    steps: tuple[str, ...] = ()  # of a path


PATTERN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<name>(?:[^\W\d]\w*|\[[^\[\]\n]+\])(?:\.(?:[^\W\d]\w*|\[[^\[\]\n]+\])|\[[^\[\]\n]+\])*)
    |(?P<operator><>|<=|>=|[=<>&+\-*/^])
    |(?P<punctuation>[(),:])""",
    re.VERBOSE,
)
STEP = re.compile(r"[^\W\d]\w*|\[[^\[\]]+\]")
CONSTANTS = {"TRUE", "FALSE", "NULL", "BLANK"}
WORDS = {"AND", "OR", "NOT"}
REMEDIES = {
    "%": "Write MOD(a, b) for a remainder, or divide by 100.",
    "!": "Write <> for 'not equal' and NOT(…) for the opposite.",
    ";": "Separate arguments with a comma.",
    "{": "Build lists with `each`, not in a formula.",
    '"': 'Close the text with ". A " inside a text is written twice.',
    "'": "Close the text with '. A ' inside a text is written twice.",
    "[": "Close the name with ].",
    "|": "Write OR(a, b).",
}


def tokenize(text: str) -> tuple[list[Token], list[SavedProblem]]:
    """Return the tokens of a formula and every problem in its form; with problems the tokens are not to be parsed."""
    if len(text) > limits.MAX_LENGTH:
        message = f"The formula has {len(text):,} characters; at most {limits.MAX_LENGTH:,} are allowed."
        return [], [SavedProblem(message, "Split it over several fields or a lookup table.", limits.MAX_LENGTH)]
    tokens, problems = _scan(text)
    if len(tokens) > limits.MAX_TOKENS:
        message = f"The formula has more than {limits.MAX_TOKENS} parts."
        position = tokens[limits.MAX_TOKENS].position
        return [], [SavedProblem(message, "Split it over several fields or a lookup table.", position, text=text)]
    if not problems:
        problems = _Grammar(tokens, text).check()
    return tokens, problems


def _scan(text: str) -> tuple[list[Token], list[SavedProblem]]:
    tokens: list[Token] = []
    problems: list[SavedProblem] = []
    position = 0
    while position < len(text) and len(tokens) <= limits.MAX_TOKENS and len(problems) < 10:
        match = PATTERN.match(text, position)
        if match is None:
            character = text[position]
            remedy = REMEDIES.get(character, "Remove it.")
            problems.append(SavedProblem(f"{character!r} has no meaning here.", remedy, position, text=text))
            # An opened text or name swallows the rest: what follows would only be noise.
            position = len(text) if character in "\"'[" else position + 1
            continue
        if match.lastgroup != "space":
            token = _token(match, position, tokens[-1] if tokens else None, text)
            tokens.append(token)
            problems += _too_big(token, text)
        position = match.end()
    return tokens, problems


def _token(match: re.Match[str], position: int, last: Token | None, text: str) -> Token:
    kind, written = match.lastgroup or "", match.group()
    if kind == "text":
        quote = written[0]
        return Token("text", written[1:-1].replace(quote * 2, quote), position)
    if kind == "name":
        return _name(written, position, last, text[match.end() :].lstrip()[:1])
    if kind == "operator" and written in "+-" and _wants_value(last):
        return Token("prefix", written, position)
    return Token(kind, written, position)


def _name(written: str, position: int, last: Token | None, following: str) -> Token:
    upper = written.upper()
    if upper in WORDS and not (_wants_value(last) and following == "("):
        return Token("prefix" if upper == "NOT" else "operator", upper, position)
    if following == "(" and _wants_value(last):
        return Token("function", upper, position)
    if following == ":" and last is not None and last.value in ("(", ",") and last.kind == "punctuation":
        return Token("keyword", written.lower(), position)
    if upper in CONSTANTS:
        return Token("constant", upper, position)
    steps = tuple(step[1:-1].strip() if step[0] == "[" else step for step in STEP.findall(written))
    return Token("path", written, position, steps)


def _wants_value(last: Token | None) -> bool:
    """Tell whether a value (not an operator) is expected after this token."""
    return (
        last is None
        or last.kind in ("operator", "prefix", "function")
        or (last.kind == "punctuation" and last.value != ")")
    )


def _too_big(token: Token, text: str) -> list[SavedProblem]:
    if token.kind == "number" and len(token.value.replace(".", "").lstrip("0")) > limits.MAX_DIGITS:
        what, remedy = f"The number has more than {limits.MAX_DIGITS} digits.", "Write fewer digits."
    elif token.kind == "text" and len(token.value) > limits.MAX_LITERAL_TEXT:
        what = f"The text has more than {limits.MAX_LITERAL_TEXT:,} characters."
        remedy = "Keep long texts in a lookup table."
    elif token.kind == "path" and len(token.steps) > limits.MAX_PATH_STEPS:
        what, remedy = f"The path has more than {limits.MAX_PATH_STEPS} steps.", "Shorten it."
    elif any(step.isdecimal() for step in token.steps):
        what, remedy = "A number in brackets is not a name.", "Write ITEM(list, 1) for the first value of a list."
    else:
        return []
    return [SavedProblem(what, remedy, token.position, text=text)]


class _Grammar:
    """Checks brackets, commas, and that values and operators alternate."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens, self.text = tokens, text
        self.open: list[tuple[bool, int]] = []  # (is a call, position)
        self.problems: list[SavedProblem] = []
        self.prefixes = 0  # in a row
        self.too_deep = False

    def check(self) -> list[SavedProblem]:
        last: Token | None = None
        for token in self.tokens:
            if self.too_deep or len(self.problems) >= 10:
                return self.problems
            self._step(token, last)
            last = token
        if last is None:
            self._say("The formula is empty.", "Write a path such as project.code, or a value.", 0)
        elif _wants_value(last) and not self.problems:
            self._say("The formula stops where a value is expected.", "Complete it, or remove its end.", len(self.text))
        for _, position in self.open:
            self._say("This bracket is not closed.", "Add ) where the group ends.", position)
        return self.problems

    def _step(self, token: Token, last: Token | None) -> None:
        wants = _wants_value(last)
        if token.kind == "punctuation":
            self._punctuation(token, last, wants)
        elif token.kind == "operator" and wants:
            self._say(
                f"A value is missing before {token.value}.", "Put a path, a number or a text there.", token.position
            )
        elif token.kind != "operator" and not wants:
            remedy = "Put an operator such as & or + between them, or a comma between arguments."
            self._say(f"{token.value!r} follows a value directly.", remedy, token.position)
        self.prefixes = self.prefixes + 1 if token.kind == "prefix" else 0
        if self.prefixes + len(self.open) > limits.MAX_DEPTH:
            self._say(f"More than {limits.MAX_DEPTH} levels inside each other.", "Split the formula.", token.position)
            self.too_deep = True

    def _punctuation(self, token: Token, last: Token | None, wants: bool) -> None:
        where = token.position
        if token.value == "(":
            if not wants:
                self._say("A bracket follows a value directly.", "Put an operator between them.", where)
            self.open.append((last is not None and last.kind == "function", where))
        elif token.value == ")":
            empty_call = last is not None and last.value == "(" and bool(self.open) and self.open[-1][0]
            if wants and not empty_call:
                self._say("A value is missing before ).", "Put a value there or remove the comma or operator.", where)
            if not self.open:
                self._say("This bracket was never opened.", "Remove it.", where)
            else:
                self.open.pop()
        elif token.value == ",":
            if wants:
                self._say("A value is missing before the comma.", "Put a value there or remove the comma.", where)
            if not self.open or not self.open[-1][0]:
                self._say("A comma outside a function's brackets.", "Write decimals with a point: 1.5.", where)
        elif last is None or last.kind != "keyword":
            self._say("A colon stands only after an argument's name.", "Write it as in LOOKUP(…, on: date).", where)

    def _say(self, message: str, remedy: str, position: int) -> None:
        self.problems.append(SavedProblem(message, remedy, position, text=self.text))
