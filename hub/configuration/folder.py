"""The folder itself: reads its files with the line of every value, and writes them so that no byte depends on the day.

What a file has that its schema does not accept is told and left out, so that all its other mistakes are found too.
"""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from connectors.manifest.source import read_source
from hub.configuration import form, naming
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kinds import KINDS
from hub.configuration.mistakes import Mistake, Place
from hub.configuration.places import file_name, marked, places_of

MARK = "throughline.yaml"  # says that the folder is ours, and in which form
FORMAT = 1
MARK_TEXT = f"# Written by `manage.py config export`; see docs/admin.md.\nformat: {FORMAT}\n"
NUMERIC = tuple("0123456789+-.")  # what YAML might read as a number, a day or a time
NEXT_LINE = "\x85"  # which YAML takes for the end of a line, except where it is written out
UNREAD = "it would not be read."
MEANT = re.compile(r"(.+?)\.ya?ml|([^.].*?)\.ya?ml\.txt", re.IGNORECASE)  # the second as some editors save it
LINKED = "it is a link that leads out of the folder."


class NotAFolder(ValueError):
    """The folder cannot be read, or must not be written into; the message names it, the cause and the remedy."""


@dataclass(slots=True)
class Folder:
    """What was read: files by kind, and every mistake that can be seen without the database."""

    path: Path
    files: dict[str, list[File]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)  # kind and name of what has a file that does not say it
    outside: frozenset[str] = frozenset()  # links that lead out of it, which are not followed

    @property
    def is_empty(self) -> bool:
        """Return whether there is no file of any thing."""
        return not any(self.files.values())

    def is_lost(self, kind: str, name: str) -> bool:
        """Return whether a thing has a file, of which is told why it says nothing."""
        stems = (Path(place).stem for place in (file_name(name), marked(name)))
        return any((kind, each) in self.lost for each in (name, *stems))


def read(path: Path, only: Collection[str] = ()) -> Folder:
    """Return a folder's files, of some kinds or of all. Raises NotAFolder."""
    if not path.is_dir():
        raise NotAFolder(f"There is no folder {path}. Name one that `manage.py config export` has written.")
    found = Folder(path)
    found.outside = _leading_out(path)
    remedy = "Put the file or folder itself in its place."
    found.mistakes += [Mistake(place, 0, "", LINKED, remedy) for place in sorted(found.outside)]
    _look_around(found)
    for kind in KINDS:
        if not only or kind in only:
            found.files[kind] = _files(found, kind)
    if found.is_empty and not found.mistakes and not (path / MARK).is_file():
        raise NotAFolder(
            f"There is nothing to read in {path}: it has none of the folders {', '.join(only or KINDS)} with a file "
            "NAME.yaml. Name another folder, or write one with `manage.py config export`."
        )
    return found


def _leading_out(path: Path) -> frozenset[str]:
    """Return the links where files would be read that lead out of a folder: what lies elsewhere is none of it."""
    home = path.resolve()
    looked_at = [*path.iterdir(), *(each for kind in KINDS for each in (path / kind).rglob("*"))]
    return frozenset(
        each.relative_to(path).as_posix()
        for each in looked_at
        if each.is_symlink() and not Path(os.path.realpath(each)).is_relative_to(home)
    )


def _look_around(found: Folder) -> None:
    """Find what nobody would read: folders and files whose names are mistyped, another form of the folder."""
    for inside in sorted(found.path.iterdir()):
        if inside.name in found.outside:
            continue
        if inside.is_dir() and inside.name not in KINDS and any(_written(inside)):
            remedy = f"The folders are: {', '.join(KINDS)}."
            found.mistakes.append(Mistake(f"{inside.name}/", 0, "", "there is no such kind of thing.", remedy))
        elif inside.is_file() and inside.name != MARK and (plain := _plain(inside)):
            told, remedy = "the file lies in no kind's folder.", f"Move it into one of the folders {', '.join(KINDS)}."
            if f"{plain}.yaml" == MARK:
                told, remedy = UNREAD, _other_name(inside, found.path / MARK, MARK)
            found.mistakes.append(Mistake(inside.name, 0, "", told, remedy))
    mark = found.path / MARK
    if mark.is_file() and MARK not in found.outside:
        source = read_source(mark.read_text(encoding="utf-8", errors="replace"), MARK)
        if not isinstance(source.value, dict) or source.value.get("format") != FORMAT:
            remedy = f"This release reads `format: {FORMAT}`. Export with the release that shall apply."
            found.mistakes.append(Mistake(MARK, source.line(("format",)), "format", "the form is not known.", remedy))


def _written(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if _plain(path))


def _plain(path: Path) -> str:
    """Return the name of a file that is meant as YAML, without its endings, however they are written; "" of others."""
    found = MEANT.fullmatch(path.name)
    return (found[1] or found[2]) if found else ""


def _other_name(path: Path, meant: Path, place: str) -> str:
    """Return in words how a file would be read, or that another stands in its place."""
    return f"Remove it: there is {place}." if meant.is_file() and meant != path else f"Name it {place}."


def _lose(found: Folder, kind: str, path: Path) -> None:
    """Note of what a file that says nothing seems to be, so that nothing is told of what refers to it."""
    name = _plain(path)
    found.lost |= {(kind, each) for each in (name, unquote(name), unquote(name.replace("@", " ")))}


def _files(found: Folder, kind: str) -> list[File]:
    files: list[File] = []
    named: dict[str, str] = {}
    for path in _written(found.path / kind) if kind not in found.outside else ():
        place = path.relative_to(found.path).as_posix()
        if place in found.outside:
            continue
        if not path.is_file():
            message = "it is a folder, and would not be read." if path.is_dir() else "it is no file that can be read."
            found.mistakes.append(Mistake(place, 0, "", message, "Put a file of one thing in its place."))
            continue
        if path.suffix != ".yaml" or path.parent != found.path / kind:
            meant = f"{kind}/{_plain(path)}.yaml"
            found.mistakes.append(Mistake(place, 0, "", UNREAD, _other_name(path, found.path / meant, meant)))
            _lose(found, kind, path)
            continue
        file = _file(found, kind, place, path)
        if file is None or not file.name or any((part,) in file.spoilt for part in KINDS[kind].key):
            _lose(found, kind, path)
        if file is None:
            continue
        if file.name and (other := named.setdefault(file.name, place)) != place:
            message = f"{KINDS[kind].one} {naming.spoken(file.name)} is described twice."
            found.mistakes.append(Mistake(place, 1, "", message, f"Remove this file or {other}."))
            continue
        files.append(file)
    return files


def _file(found: Folder, kind: str, place: str, path: Path) -> File | None:
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found.mistakes.append(Mistake(place, 1, "", f"it cannot be read: {error}.", "Save it as UTF-8 text."))
        return None
    source = read_source(text, place)
    found.mistakes += [Mistake(place, line, "", message, remedy) for line, message, remedy in source.faults]
    if not isinstance(source.value, dict):
        if not source.faults:
            found.mistakes.append(
                Mistake(place, 1, "", "it is empty, or no map of names and values.", "See docs/admin.md.")
            )
        return None
    file = File(kind, place, source.value, source)
    for where, message, remedy in list(form.faults(kind, source.value)):
        found.mistakes.append(file.mistake(where, message, remedy))
        file.spoilt.add(where)
    for where in sorted(file.spoilt, key=_last_first, reverse=True):
        _leave_out(kind, file.value, where)
    file.name = KINDS[kind].name_of(file.value)
    return file


def _last_first(place: Place) -> tuple[int, int]:
    """Return by what places are put in order so that taking an entry out of a list moves none that is still to come."""
    return len(place), place[-1] if place and isinstance(place[-1], int) else 0


def _leave_out(kind: str, value: Any, place: Place) -> None:
    """Take out what has the wrong form. Entries of a list keep their places: one that is wrong itself is emptied.

    One of a closed choice goes: no verb takes an empty one, and nothing else can be wrong with those beside it.
    """
    for step in place[:-1]:
        value = value.get(step) if isinstance(value, dict) else value[step] if _has(value, step) else None
    last = place[-1] if place else None
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and isinstance(last, int) and _has(value, last):
        if form.is_closed_choice(kind, place):
            del value[last]
        else:
            value[last] = form.emptied(kind, place)


def _has(value: Any, step: Any) -> bool:
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


@dataclass(frozen=True, slots=True)
class Written:
    """What writing did: paths in the folder."""

    new: list[str]
    changed: list[str]
    left: list[str]  # of things that are not here: no more, or not yet
    removed: list[str]  # the same, where they were to go
    same: int


def write(path: Path, things: Mapping[str, Mapping[str, Data]], *, prune: bool = False) -> Written:
    """Write a file for each thing, kind by kind. Files of these kinds whose thing is not here stay, unless `prune`.

    Nobody can tell a file of something that was deleted here from one that somebody wrote to be applied.
    Raises NotAFolder where somebody else's files lie.
    """
    _refuse_foreign(path)
    if path.is_dir() and (outside := _leading_out(path)):
        raise NotAFolder(
            f"Links in {path} lead out of it: {', '.join(sorted(outside)[:10])}. Nothing was written. Put the files "
            "or folders themselves in their place, or name another folder."
        )
    texts = {(kind, name): text_of(data) for kind, each in things.items() for name, data in each.items()}
    wanted = {MARK: MARK_TEXT} | {place: texts[thing] for thing, place in places_of(path, texts).items()}
    stale = sorted(set(_here(path, things)) - set(wanted))
    new: list[str] = []
    changed: list[str] = []
    for place, text in sorted(wanted.items()):
        target = path / place
        was = target.read_bytes() if target.is_file() else None
        if was == text.encode():
            continue
        (new if was is None else changed).append(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    for place in stale if prune else ():
        (path / place).unlink()
    left, removed = ([], stale) if prune else (stale, [])
    return Written(new, changed, left, removed, len(wanted) - len(new) - len(changed))


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise NotAFolder(f"{path} is a file. Name a folder.")
    if path.is_dir() and not (path / MARK).is_file() and any(not each.name.startswith(".") for each in path.iterdir()):
        raise NotAFolder(
            f"{path} holds files that no export has written, and they might get lost. Name an empty folder, or one "
            "that does not exist yet."
        )


def _here(path: Path, kinds: Iterable[str]) -> list[str]:
    return [f"{kind}/{file.name}" for kind in kinds for file in (path / kind).glob("*.yaml") if file.is_file()]


def text_of(data: Data) -> str:
    """Return a document as YAML: the same data give the same bytes."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, what begins like a number in quotes, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _style(text: str) -> str | None:
    if NEXT_LINE in text:
        return '"'
    if "\n" in text:
        return "|"
    return "'" if text[:1] in NUMERIC else None


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


_Dumper.add_representer(str, _text)
