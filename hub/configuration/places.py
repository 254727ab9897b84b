"""Where an export writes each thing: a file of its own, which is the one that describes it already if there is one.

Two names can come to the same file (`Data warehouse` and `Data@warehouse`, `Big` and `big` where file systems tell no
capitals apart). Then each of them gets a mark that only it has.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from connectors.manifest.source import read_source
from hub.configuration.kinds import KINDS
from hub.configuration.naming import APART

LONGEST = 200  # bytes of a file's name, below what file systems take
Thing = tuple[str, str]  # its kind's folder, and its name


def file_name(name: str) -> str:
    """Return the usual name of a thing's file; what file systems do not take is written as %20."""
    stem = _stem(name)
    return f"{stem}.yaml" if len(stem) <= LONGEST else marked(name)  # the mark still tells two of them apart


def marked(name: str) -> str:
    """Return the name of a thing's file where that of another has the usual one."""
    return f"{_stem(name)[:LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.yaml"


def _stem(name: str) -> str:
    parts = name.removesuffix(APART).replace(APART, " ").split(" ")
    return "@".join(quote(part, safe="+" if len(parts) > 1 else "@+") for part in parts)


def places_of(folder: Path, texts: Mapping[Thing, str]) -> dict[Thing, str]:
    """Return where in a folder each thing is written, by what is to stand there; a file of another thing stays."""
    usual = {thing: f"{thing[0]}/{file_name(thing[1])}" for thing in texts}
    often = Counter(place.casefold() for place in usual.values())
    described = _described(folder, texts)
    taken = {place.casefold() for place in described}
    own: dict[Thing, str] = {}
    for place, thing in sorted(described.items()):
        if thing not in own or usual.get(thing) == place:
            own[thing] = place
    return {
        (kind, name): own.get((kind, name))
        or (f"{kind}/{marked(name)}" if often[place.casefold()] > 1 or place.casefold() in taken else place)
        for (kind, name), place in usual.items()
    }


def _described(folder: Path, texts: Mapping[Thing, str]) -> dict[str, Thing]:
    """Return what the files in a folder describe, by their places; those that do not say it are left out."""
    as_written = {(kind, text): name for (kind, name), text in texts.items()}
    found: dict[str, Thing] = {}
    for kind in {kind for kind, _ in texts}:
        for path in (folder / kind).glob("*.yaml"):
            text = path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""
            name = as_written.get((kind, text)) or _name_in(kind, text)  # most are as they were: that is quicker
            if name:
                found[f"{kind}/{path.name}"] = (kind, name)
    return found


def _name_in(kind: str, text: str) -> str:
    """Return which thing a file describes; "" where it does not say that."""
    value = read_source(text, "").value
    return KINDS[kind].name_of(value) if isinstance(value, dict) else ""
