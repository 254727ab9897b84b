"""Who and when come as a pair, in every model of ours: the database refuses one without the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(__file__).parents[2]


def pairs() -> Iterator[tuple[type[models.Model], str, str]]:
    """Walk over the nullable fields `…_by` and `…_at` that a model of ours has both of."""
    for model in apps.get_models():
        is_ours = Path(apps.get_app_config(model._meta.app_label).path).parent == ROOT
        if not is_ours or hasattr(model, "instance_type"):
            continue
        nullable = {field.name for field in model._meta.concrete_fields if field.null}
        for who in sorted(name for name in nullable if name.endswith("_by")):
            when = f"{who.removesuffix('_by')}_at"
            if when in nullable:
                yield model, who, when


def names_in(condition: object) -> set[str]:
    if isinstance(condition, models.Q):
        return set().union(*(names_in(child) for child in condition.children))
    return {condition[0].split("__")[0]} if isinstance(condition, tuple) else set()


def test_there_are_pairs_to_look_at() -> None:
    assert settings.configured
    assert {who for _, who, _ in pairs()} >= {"submitted_by", "approved_by", "published_by", "retired_by"}


def test_every_pair_has_a_check_constraint() -> None:
    alone = [
        f"{model._meta.label}: {who} and {when}"
        for model, who, when in pairs()
        if not any(
            isinstance(constraint, models.CheckConstraint) and {who, when} <= names_in(constraint.condition)
            for constraint in model._meta.constraints
        )
    ]

    assert alone == []


@pytest.mark.parametrize("condition", [models.Q(a__isnull=True) | ~models.Q(models.Q(b=1), c=2)])
def test_names_are_found_however_deep(condition: models.Q) -> None:
    assert names_in(condition) == {"a", "b", "c"}
