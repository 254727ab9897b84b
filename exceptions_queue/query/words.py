"""The words of the line, with what they take and what they are for: the help beside the line is this table.

Choosing in a list beside the items writes these words, views keep them, and the API takes them in `query`.
"""

import datetime as dt
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from canonical.entities import BILLING_MODELS, ENTITIES
from canonical.failure import CATEGORIES, Category, Owner
from canonical.masking import HIDDEN
from exceptions_queue.models import CauseCode, Resolution, RootCause, State
from exceptions_queue.query import line, values
from exceptions_queue.query.line import Line, Term, Value, Wrong
from exceptions_queue.query.values import Unfit

Choices = tuple[tuple[str, str], ...]
MOST_TEXTS = 5  # texts without a word in one line; each is looked up among keys


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the line."""

    name: str
    title: str  # as its list beside the items is headed
    help: str
    example: str
    read: Callable[[Value, dt.datetime], Any]  # what a value means; raises Unfit
    choices: Choices = ()  # of a closed list: what stands in the line, what people read


def _plain(name: str) -> str:
    return name.replace("_", " ")


STATES: Choices = (
    ("open", "not resolved"),
    *((state.value, str(state.label)) for state in State),
    ("regressed", "came back after it was resolved"),
    ("auto", "closed by itself"),
    ("watched", "watched by me"),
    ("mentioned", "with a remark for me"),
    ("billing", "blocking a billing run"),
    ("payroll", "blocking a payroll run"),
    ("approvable", "waiting for an approval that I may give"),
)
CLASSES: Choices = tuple((each.value, CATEGORIES[each].title) for each in Category)
OWNERS: Choices = (
    ("mine", "mine"),
    *((values.folded(each.value), each.value) for each in Owner if each is not Owner.NOBODY),
)
CONTRACTS: Choices = tuple((name, _plain(name)) for name in BILLING_MODELS)
TYPES: Choices = tuple((name, _plain(name)) for name in sorted(ENTITIES))
RESOLUTIONS: Choices = tuple((each.value, str(each.label)) for each in Resolution)
ROOTS: Choices = tuple((each.value, str(each.label)) for each in RootCause)
CLOSED: Choices = (("auto", "by itself"), ("human", "by a person"), *RESOLUTIONS)
CAUSES: Choices = tuple((each.value, str(each.label)) for each in CauseCode)
GROUPS: Choices = (
    ("one", "one cause"),
    ("several", "several causes"),
    ("rule", "what a grouping rule brings together"),
    ("split", "split off from another one"),
)
HAS: Choices = (
    ("correction", "a correction that is open, also written has:overlay"),
    ("contradiction", "a correction that its source contradicts"),
    ("remark", "a remark"),
    ("tag", "a tag"),
    ("rule_candidate", "that a rule could do it next time"),
    ("unknown_amount", "members whose amount nobody knows"),
)


def _one_of(name: str, title: str, told: str, example: str, choices: Choices) -> Word:
    written = tuple((values.folded(stored), words) for stored, words in choices)
    return Word(name, title, told, example, lambda value, now: values.one_of(value, choices), written)


def _with(value: Value, now: dt.datetime) -> Any:
    """Return what `has:` means; an overlay is what engineers call a correction."""
    return "correction" if value.text.casefold() == "overlay" else values.one_of(value, HAS)


def _text(name: str, title: str, told: str, example: str) -> Word:
    return Word(name, title, told, example, lambda value, now: values.text(value))


TABLE: tuple[Word, ...] = (
    _one_of("is", "State", "how far the work is", "is:open", STATES),
    _one_of("class", "Kind", "kind of cause", "class:missing-reference", CLASSES),
    Word("team", "Team", "team that looks at it first, or mine: those that you belong to", "team:mine", values.team,
         OWNERS),
    _text("assignee", "Whose", "who works on it: me, nobody, or a sign-in name", "assignee:me"),
    _text("entity", "Company", "code of a company", "entity:HP-DE"),
    _one_of("type", "What it holds", "kind of record that it holds", "type:time-entry", TYPES),
    _text("client", "Client", "client that all it holds belongs to", "client:C-12"),
    _text("project", "Project", "project that all it holds belongs to", "project:P-881"),
    _one_of("contract", "Contract type", "how all it holds is billed", "contract:fixed-fee", CONTRACTS),
    _text("worker", "Person", "person whose records all of it are, where you may see names", 'worker:"Maria Lopes"'),
    _text("period", "Period", "period in which all of it lies", "period:2026-10"),
    _text("key", "Key", "business key, or number in the target, of what it holds, or held when it ended", "key:TE-17"),
    Word("number", "No.", "numbers of exceptions", "number:17,42", lambda v, now: values.number(v)),
    Word("amount", "At stake", "worth in the reporting currency", "amount:>1000", lambda v, now: values.amount(v)),
    Word("due", "Due", "deadline of anything that it holds", "due:<2d", values.due),
    Word("priority", "Priority", "priority, from 0 to 100", "priority:>=60", lambda v, now: values.count(v)),
    _text("currency", "Currency", "currency of something that it holds", "currency:EUR"),
    _text("tag", "Tag", "a tag", "tag:month-end"),
    _text("route", "Route", "short name of the route where it was first seen", "route:time-to-ledger"),
    _text("source", "From", "short name of the connection from which its route reads", "source:harvest"),
    _text("target", "To", "short name of the connection at which it stopped, where its route writes", "target:tryton"),
    _text("system", "System", "short name of the connection at which it stopped, either way", "system:harvest"),
    Word("age", "Since", "how long ago it was first seen", "age:>3d", values.ago),
    Word("opened", "Opened", "when it was opened, last time", "opened:<24h", values.ago),
    Word("last", "Last seen", "when something was last added to it", "last:2026-10-05", values.ago),
    _text("waiting", "Waits for", "a part of the words for what or whom it waits", "waiting:P-881"),
    Word("holds", "Holds", "how many records and transactions it holds", "holds:>100", lambda v, now: values.count(v)),
    Word("again", "Came back", "how often it came back", "again:>1", lambda v, now: values.count(v)),
    Word("tries", "Tries", "how often anything that it holds was sent to its target", "tries:>1",
         lambda v, now: values.count(v)),
    _text("version", "Made with", "mapping by which what it holds was made for its target, with or without a version",
          "version:time-out@2"),
    _one_of("group", "Group", "whether it holds one cause or several, and why", "group:several", GROUPS),
    Word("has", "With", "what else there is about it", "has:correction", _with,
         tuple((values.folded(stored), words) for stored, words in HAS)),
    _text("field", "Field", "the failing field", "field:hours"),
    _text("rule", "Rule", "the rule that it is against", "rule:hours-positive"),
    _text("blocks", "Deadline", "a deadline of the overview, as its lines name it", 'blocks:"nothing"'),
    Word("resolved", "Resolved", "when it was resolved", "resolved:<24h", values.ago),
    _one_of("resolution", "Ended", "how it ended", "resolution:waived", RESOLUTIONS),
    _one_of("closed", "Closed", "how it was closed: by itself, by a person, or with which code", "closed:auto", CLOSED),
    _one_of("cause", "Cause", "why it came to it, as somebody has said", "cause:late", CAUSES),
    _one_of("fixed", "Put right", "where the cause was put right", "fixed:source", ROOTS),
)  # fmt: skip
WORDS: dict[str, Word] = {word.name: word for word in TABLE}
ALSO = {"kind": "class", "state": "is", "whose": "assignee", "legal_entity": "entity", "customer": "client",
        "owner": "team", "connection": "system", "company": "entity", "cutoff": "due", "cut_off": "due",
        "status": "is"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Understood:
    """A line whose words are known, with what its values mean: those of closed lists as they are stored."""

    line: Line  # with the values of closed lists as the help writes them
    meant: tuple[tuple[Term, tuple[Any, ...]], ...] = ()
    wrong: tuple[Wrong, ...] = ()


def understood(text: str, now: dt.datetime) -> Understood:
    """Return what a line means at a moment; what is wrong with it is in `wrong`, all of it at once."""
    read = line.read(text)
    wrong = list(read.wrong)
    terms: list[Term] = []
    meant: list[tuple[Term, tuple[Any, ...]]] = []
    for term in read.terms:
        known = _known(term, read, wrong)
        if known is None:
            continue
        found = [_value(known, each, read, now, wrong) for each in term.values] if known.word else [
            (each, each.text) for each in term.values if each.text.strip()
        ]  # fmt: skip
        if not found:
            said = "A text is looked for in which nothing stands."
            wrong.append(Wrong(term.start, term.end, said, "a text, or leave the quotes out"))
            continue
        kept = Term(known.word, tuple(each for each, _ in found), term.negated, term.start, term.end)
        terms.append(kept)
        meant.append((kept, tuple(means for _, means in found)))
    texts = [term for term in terms if not term.word]
    if len(texts) > MOST_TEXTS:
        beyond = texts[MOST_TEXTS]
        said = f"{len(texts)} texts are looked for."
        wrong.append(Wrong(beyond.start, beyond.end, said, f'at most {MOST_TEXTS}; quotes make "one text" of several'))
    return Understood(Line(text, tuple(terms)), tuple(meant), tuple(sorted(wrong, key=lambda each: each.start)))


def without_persons(text: str) -> str:
    """Return a line for records that others read: persons that it names are hidden."""
    read = line.read(text)
    hidden = (Term(t.word, (Value(HIDDEN),), t.negated) if t.word == "worker" else t for t in read.terms)
    return line.write(hidden) if read.of("worker") else text


def _known(term: Term, read: Line, wrong: list[Wrong]) -> Term | None:
    """Return a term with the word's own name, None for a word that there is not."""
    if not term.word:
        return term
    name = ALSO.get(term.word, term.word)
    if name in WORDS:
        return Term(name, term.values, term.negated, term.start, term.end)
    begins = term.start + term.negated
    typed = read.text[begins : begins + len(term.word)]
    near = difflib.get_close_matches(name, [*WORDS, *ALSO], 1, 0.5)
    nearest = ALSO.get(near[0], near[0]) if near else ""
    said = f"“{typed}” is no word of this line." + (f" Did you mean “{nearest}”?" if nearest else "")
    instead = f"{read.text[:begins]}{nearest}{read.text[begins + len(typed) :]}" if nearest else ""
    accepted = f'one of {", ".join(WORDS)}; to look for it as a text, put it into "quotes"'
    wrong.append(Wrong(begins, begins + len(typed), said, accepted, instead))
    return None


def _value(term: Term, value: Value, read: Line, now: dt.datetime, wrong: list[Wrong]) -> tuple[Value, Any]:
    word = WORDS[term.word]
    try:
        means = word.read(value, now)
    except Unfit as error:
        instead = ""
        if error.nearest:
            instead = f"{read.text[: value.start]}{error.nearest}{read.text[value.end :]}"
        said = f"“{term.word}:” does not take this. {error.said}"
        said += f" Did you mean “{error.nearest}”?" if error.nearest else ""
        wrong.append(Wrong(value.start, value.end, said, error.accepted, instead))
        return value, None
    return (Value(values.folded(means), False, value.start, value.end) if word.choices else value), means
