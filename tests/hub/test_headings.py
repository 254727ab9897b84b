"""Heads of columns and filters of the administration are words of people, none of the code's names with blanks."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field

# Names of several words that people use just so. Another one has to be written here on purpose, or to get words of its
# own by `headed`.
WORDS = {"first name", "last name", "legal entity", "time zone", "failing since", "last answer"}


def heads() -> Iterator[tuple[str, str, str]]:
    """Yield of every list of the administration model, field ("" where it is no field of the model) and head."""
    for model, its in admin.site._registry.items():
        for name in its.list_display:
            yield model._meta.label, str(name), str(label_for_field(name, model, its))
        for each in its.list_filter:
            yield model._meta.label, *_filter(its, each)


def _filter(its: ModelAdmin, each: object) -> tuple[str, str]:
    name, kind = each if isinstance(each, tuple) else (each, None)
    if not isinstance(name, str):
        return "", str(getattr(name, "title", ""))
    try:
        field = its.model._meta.get_field(name)
    except FieldDoesNotExist:
        return name, name.rpartition("__")[2]
    assert isinstance(field, Field)
    return name, str(field.verbose_name) if kind is None else ""


def codelike(name: str, head: str) -> bool:
    return "_" in head or ("_" in name and head == name.replace("_", " ") and head not in WORDS)


def test_heads_are_words_of_people() -> None:
    found = list(heads())
    assert len(found) > 50
    assert [each for each in found if codelike(*each[1:])] == []


@pytest.mark.parametrize(
    ("name", "head", "is_it"),
    [("actor_name", "actor name", True), ("connection_id", "connection id", True), ("read_at", "read at", True),
     ("legal_entity", "legal entity", False), ("who", "Who", False), ("at", "at", False), ("x", "entity_id", True)],
)  # fmt: skip
def test_planted_head_is_found(name: str, head: str, is_it: bool) -> None:
    assert codelike(name, head) is is_it
