"""What may be said to others: nothing that is hidden from anybody by its mask, however it got into the words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Kind, Mask
from canonical.masking import HIDDEN

SHORTEST = 2  # characters; a shorter value is in every sentence


def hidden_values(entity: str, body: str) -> list[str]:
    """Return the masked values of a canonical record as texts, the longest first."""
    found = set(_masked(entity, codec.loads(ENTITIES[entity], body)))
    return sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True)


def _masked(entity: str, values: Mapping[str, Any]) -> Iterator[str]:
    fields = ENTITIES[entity].by_name
    for name, value in values.items():
        field = fields.get(name)
        if field is not None and field.kind is Kind.LINES:
            for line in value or ():
                yield from _masked(field.references, line)
        elif value is not None and (field is None or field.mask is not Mask.NONE):
            yield str(value)


def spoken(words: str, hidden: Sequence[str]) -> str:
    """Return words with every hidden value in them covered."""
    for value in hidden:
        words = words.replace(value, HIDDEN)
    return words
