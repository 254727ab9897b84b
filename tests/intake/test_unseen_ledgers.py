"""Posting periods in the administration: a ledger of another company is not named to who does not see it."""

import datetime as dt

import pytest
from django.utils import timezone

from connectors.models import Connection
from governance.rights import Role
from routes.models import PostingPeriod
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
LIST = "/admin/routes/postingperiod/"


def test_ledger_of_another_company_is_not_named() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    own, other = (
        Connection.objects.create(slug=name.lower(), name=f"{name} ledger", connector="netsuite", legal_entity=place)
        for name, place in (("Own", germany), ("Other", britain))
    )
    rows = [
        PostingPeriod.objects.create(
            connection=each, legal_entity=germany, starts_on=dt.date(2026, 7, 1), ends_on=dt.date(2026, 7, 31),
            closed=True, read_at=timezone.now(),
        )
        for each in (own, other)
    ]  # fmt: skip
    pages = (LIST, *(f"{LIST}{row.pk}/change/" for row in rows))

    olga = signed_in(person("Olga Petrenko", Role.OPERATOR, germany))
    told = [text_of(olga.get(page)) for page in pages]
    assert [("Other ledger" in each, "one of another company" in each) for each in told] == [
        (False, True), (False, False), (False, True),
    ]  # fmt: skip
    assert "Own ledger" in told[0]
    assert "Own ledger" in text_of(olga.get(f"{LIST}?connection={own.pk}"))

    everywhere = signed_in(person("Clara Voss", Role.CONTROLLER))
    assert "Other ledger" in text_of(everywhere.get(LIST))
