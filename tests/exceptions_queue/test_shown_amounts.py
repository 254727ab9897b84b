"""How amounts are written: to the cent, and finer only where somebody gave it so."""

from decimal import Decimal

from exceptions_queue.templatetags.shown import converted, money, whole


def test_amounts_show_what_was_given_and_what_was_worked_out_to_the_cent() -> None:
    assert money(Decimal("12480"), "EUR") == "12,480.00 EUR"
    assert money(Decimal("0.1234"), "EUR") == "0.1234 EUR"
    assert converted(Decimal("22264.9752"), "EUR") == "22,264.98 EUR"
    assert converted(None, "EUR") == "unknown"
    assert whole(Decimal("22264.9752"), "EUR") == "22,265 EUR"
