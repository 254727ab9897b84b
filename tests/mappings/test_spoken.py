"""Conditions in words: what can be said plainly is said, of the rest what it asks about."""

import pytest

from mappings.spoken import spoken


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ('approval_status = "approved"', "approval status is approved"),
        ('approval_status = "approved" AND hours > 0', "approval status is approved and hours is more than 0"),
        ("OR(hours >= 5, hours <= 1.50)", "hours is at least 5 or hours is at most 1.50"),
        ("billable = TRUE", "billable"),
        ("billable <> TRUE", "not billable"),
        ("NOT(billable)", "not billable"),
        ("ISBLANK(project_code)", "project code is blank"),
        ("NOT(ISBLANK(project_code))", "project code is not blank"),
        ('project_code <> ""', "project code is not blank"),
        ('STARTSWITH(legal_entity, "HP")', "legal entity begins with HP"),
        ('NOT(CONTAINS(description, "x"))', "description does not contain x"),
        ("project.code = customer.code", "code of the project is code of the customer"),
        ("hours * 2 > -1", "hours * 2 is more than -1"),
        ('legal_entity = "HP-DE"', "legal entity is HP-DE"),
        # What has no plain words, or whose words could be read in two ways.
        ("a = 1 AND (b = 2 OR c = 3)", "what is asked of a, b, c"),
        ('LEFT(project_code, 2) = "P-"', "what is asked of project code"),
        ("hours >", ""),
        ("IF(a,\n  b, c)", "what is asked of a, b, c"),
    ],
)
def test_formula_is_said_in_words(formula: str, words: str) -> None:
    assert spoken(formula) == words


def test_long_condition_ends_in_an_ellipsis() -> None:
    words = spoken(" AND ".join(f'customer_id <> "C-{number}"' for number in range(30)))
    assert len(words) == 120
    assert words.endswith("…")
