"""LOOKUP."""

LAZY = True  # the compiler writes it in place: it reads the batch's snapshot of the tables


def LOOKUP(table: str, *keys: object, on: object = None, default: object = None) -> object:
    """Translate by a lookup table: its name as a text, then one value for each key column.

    Write "table.column" when the table has several value columns. `on:` names the day on which the row must be valid;
    without it the mapping's own day counts. Without a row the record waits for somebody to add it, unless `default:`
    says what to take instead.

    >>> LOOKUP("bill_rates.rate", role, "EUR", on: worked_on)
    145.00
    >>> LOOKUP("task_codes", "unknown task", default: "OTHER")
    "OTHER"
    """
    raise NotImplementedError
