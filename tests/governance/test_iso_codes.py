"""A company's country and currency are ones that there are, by whatever way they come in."""

import pytest
from django.core.exceptions import ValidationError

from canonical.entities import ENTITIES
from governance.iso_codes import check_country, check_currency, countries, currencies
from governance.models import LegalEntity
from governance.rights import Role
from routes import right_values
from tests.governance.people import company, person
from tests.governance.test_admin import signed_in


@pytest.mark.parametrize("code", ["DE", "US", "GB", "XK"])
def test_countries_are_known(code: str) -> None:
    check_country(code)
    assert len(countries()) > 240


@pytest.mark.parametrize("code", ["ZZ", "XX", "UK", "de", ""])
def test_what_is_no_country_is_refused_with_the_remedy(code: str) -> None:
    with pytest.raises(ValidationError, match="such as DE"):
        check_country(code)


@pytest.mark.parametrize("code", ["EUR", "USD", "CHF", "XOF"])
def test_currencies_are_known(code: str) -> None:
    check_currency(code)
    assert len(currencies()) > 150


@pytest.mark.parametrize("code", ["QQQ", "XXX", "XTS", "DEM", "eur"])
def test_what_is_no_currency_is_refused_with_the_remedy(code: str) -> None:
    with pytest.raises(ValidationError, match="such as EUR"):
        check_currency(code)


@pytest.mark.django_db
def test_form_of_a_company_says_at_each_field_what_there_is_not() -> None:
    company("HP-DE")
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True)
    typed = {"code": "HP-ZZ", "name": "Halden & Partner", "country": "ZZ", "currency": "QQQ"}

    answer = signed_in(ingrid).post("/admin/governance/legalentity/add/", typed)

    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["country", "currency"]
    assert '"ZZ" is no country' in errors["country"][0]
    assert not LegalEntity.objects.filter(code="HP-ZZ").exists()


@pytest.mark.django_db
def test_form_of_a_code_is_told_once() -> None:
    with pytest.raises(ValidationError) as told:
        LegalEntity(code="HP-XX", name="Halden", country="de", currency="euro").full_clean()
    assert {name: len(words) for name, words in told.value.message_dict.items()} == {"country": 1, "currency": 2}


def test_person_corrects_a_currency_only_to_one_that_there_is() -> None:
    entity = ENTITIES["time_entry"]

    assert right_values.read(entity, entity.by_name["currency"], "CHF") == "CHF"
    with pytest.raises(right_values.NotARightValue, match=r"“QQQ” does not fit currency: There is no such .*EUR"):
        right_values.read(entity, entity.by_name["currency"], "QQQ")
