"""What a role may not see is not there, whatever the record holds."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.entities import ENTITIES, TIME_ENTRY
from canonical.entity import Entity, Mask
from canonical.masking import HIDDEN, mask, may_see
from tests.canonical.records import records

ALL = frozenset(Mask) - {Mask.NONE}
any_case = st.sampled_from(list(ENTITIES.values())).flatmap(
    lambda entity: st.tuples(st.just(entity), records(entity), st.frozensets(st.sampled_from(sorted(ALL))))
)


@given(any_case)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mask_hides_exactly_what_is_not_allowed(case: tuple[Entity, dict, frozenset[Mask]]) -> None:
    entity, record, allowed = case
    shown = mask(entity, record, allowed)

    assert shown.keys() == record.keys()
    for name, value in record.items():
        field = entity.by_name[name]
        if value is None or (field.references == "invoice_line" and field.kind == "lines"):
            continue
        hidden = field.mask is not Mask.NONE and field.mask not in allowed
        assert shown[name] == (HIDDEN if hidden else value)


def test_mask_hides_fields_that_nobody_has_classified() -> None:
    record = {"hours": Decimal("7.50"), "shoe_size": "44"}

    assert mask(TIME_ENTRY, record, {Mask.PAY, Mask.PERSON}) == {"hours": Decimal("7.50"), "shoe_size": HIDDEN}
    assert mask(TIME_ENTRY, record, ALL) == record


def test_mask_leaves_the_record_itself_alone() -> None:
    record = {"cost_rate": Decimal(80)}
    mask(TIME_ENTRY, record, set())

    assert record == {"cost_rate": Decimal(80)}


def test_every_field_about_pay_people_or_accounts_is_classified() -> None:
    telling = ("bank_account", "cost_rate", "email", "worker_name", "contact_name", "approved_by")
    fields = [field for entity in ENTITIES.values() for field in entity.fields if field.name.endswith(telling)]

    assert len(fields) > 8
    assert all(field.mask is not Mask.NONE for field in fields)
    assert not may_see(TIME_ENTRY, "nonsense", ALL)
