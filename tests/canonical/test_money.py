"""No cent is lost or made by rounding and splitting."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.money import minor_digits, rounded, split

currencies = st.sampled_from(["EUR", "USD", "GBP", "JPY", "KWD", "CLF"])
weights = st.lists(st.decimals(0, 10**6, places=3), min_size=1, max_size=20).filter(any)


@given(amount=st.decimals(-(10**12), 10**12, places=6), currency=currencies)
@settings(max_examples=200)
def test_rounded_is_within_half_a_unit_and_stays_put(amount: Decimal, currency: str) -> None:
    result = rounded(amount, currency)

    assert abs(result - amount) * 2 <= Decimal(1).scaleb(-minor_digits(currency))
    assert rounded(result, currency) == result
    assert rounded(-amount, currency) == -result


@given(amount=st.decimals(-(10**12), 10**12, places=6), weights=weights, currency=currencies)
@settings(max_examples=200)
def test_split_adds_up_exactly_and_fairly(amount: Decimal, weights: list[Decimal], currency: str) -> None:
    amount = rounded(amount, currency)
    shares = split(amount, weights, currency)

    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert share == rounded(share, currency)
        assert abs(share - amount * weight / sum(weights)) < Decimal(1).scaleb(-minor_digits(currency))


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [("0.125", "EUR", "0.13"), ("-0.125", "EUR", "-0.13"), ("0.5", "JPY", "1"), ("1.0005", "KWD", "1.001")],
)
def test_rounded_halves_go_away_from_zero(amount: str, currency: str, expected: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == expected


def test_split_gives_what_is_left_over_to_the_first_of_equals() -> None:
    assert split(Decimal("100.00"), [Decimal(1)] * 3, "EUR") == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


@pytest.mark.parametrize(
    ("amount", "weights"), [("1.001", ["1"]), ("1.00", []), ("1.00", ["0"]), ("1.00", ["1", "-1"])]
)
def test_split_refuses_what_cannot_add_up(amount: str, weights: list[str]) -> None:
    with pytest.raises(ValueError, match=r"round it first|zero or more"):
        split(Decimal(amount), [Decimal(each) for each in weights], "EUR")
