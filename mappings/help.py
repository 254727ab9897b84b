"""The page docs/formulas.md, made from the functions' docstrings and the limits, so that it cannot drift."""

from mappings.formula import limits
from mappings.functions import FUNCTIONS, Function

HEAD = f"""\
# Formulas

*This page is made from the code by `python manage.py formulas`; a test holds it current.*

A formula computes one value from a record, with the habits of a spreadsheet.

## What you can write
| you write | it means |
|---|---|
| `project.code` | the field `code` of the record `project`; what is missing is blank |
| `[Bill Rate]`, `custom.[class]` | a name with spaces or signs, in square brackets |
| `lines.amount` | of a list of records: the list of their amounts, for `SUM(lines.amount)` |
| `12.50`, `"text"`, `TRUE`, `FALSE`, `NULL` | constants; decimals are exact, a quote inside a text is written twice |
| `+ - * / ^` | arithmetic on numbers; a date plus a number is days later, a date minus a date is days |
| `&` | joins texts; blank adds nothing |
| `= <> < <= > >=` | comparison; texts compare exactly, capitals included; no number equals a text |
| `a AND b`, `a OR b`, `NOT a` | conditions; also written `AND(a, b)` … |
| `result.hours` | a field of the result before this one; when a person corrects that field, this one follows |
| `source.x` | in a rule: the incoming record; in a line: the record around the line |

In a rule a plain name is a field of the **result**.

## What blank does
- A missing path is blank, and so is a field of something blank. A field asked of a text or number is a problem.
- `+ - * /` and comparisons with blank are a problem that names the field: write `COALESCE(x, 0)` where it means zero.
- `=` and `<>` take blank; a condition that is blank counts as no; functions given a blank value return blank,
  but for those that count, add up, join, or tell yes or no.
- A blank key of `LOOKUP` or `XREF` is a problem, unless `default:` says what to take.
- Only the branch of `IF` and the values of `COALESCE` that are needed are computed.

## Exactness
- Numbers are decimal, {limits.MAX_DIGITS} digits; the last digit of a division rounds half to even.
- `ROUND` rounds half away from zero, as finance does. Nothing else rounds by itself.
- A field takes numbers below {limits.LARGEST:,}; NaN and Infinity are refused as a wrong form (category *shape*).

## Limits
| of | at most |
|---|---|
| characters of a formula | {limits.MAX_LENGTH:,} |
| parts of a formula | {limits.MAX_TOKENS} |
| brackets inside each other | {limits.MAX_DEPTH} |
| operations inside each other | {limits.MAX_TREE_DEPTH} |
| characters of a text that a formula makes | {limits.MAX_TEXT:,} |
| values of a list | {limits.MAX_LIST:,} |
| exponent of `^` | {limits.MAX_POWER} |

## Functions
"""


def page() -> str:
    """Return the page as Markdown."""
    return HEAD + "\n".join(_section(function) for function in FUNCTIONS.values())


def _section(function: Function) -> str:
    examples = "\n".join(f"{formula}\n→ {result}" for formula, result in function.examples)
    return f"### {function.name}\n`{function.usage}`\n\n{function.meaning}\n\n```\n{examples}\n```\n"
