"""Providers for signing in, from the environment: all that is wrong is said at once, by name and without the secret."""

from pathlib import Path

import pytest

from hub.sign_in.providers import WrongProviders, providers

GOOD = {
    "OIDC_PROVIDERS": "entra",
    "OIDC_ENTRA_ISSUER": "https://login.example/firm/",
    "OIDC_ENTRA_CLIENT_ID": "throughline",
    "OIDC_ENTRA_CLIENT_SECRET": "hush",
}


def test_no_provider_is_the_default() -> None:
    assert providers({}) == providers({"OIDC_PROVIDERS": " "}) == []


def test_provider_is_read_with_its_title_and_secret_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    more = {"OIDC_ENTRA_CLIENT_SECRET_FILE": str(tmp_path / "secret"), "OIDC_ENTRA_TITLE": "Halden ID"}
    assert providers(GOOD | more) == [
        {
            "provider_id": "entra",
            "name": "Halden ID",
            "client_id": "throughline",
            "secret": "from a file",
            "settings": {"server_url": "https://login.example/firm"},
        }
    ]


def test_several_providers_keep_their_order() -> None:
    other = {key.replace("ENTRA", "OKTA"): value for key, value in GOOD.items()}
    found = providers(other | GOOD | {"OIDC_PROVIDERS": "okta, entra", "OIDC_OKTA_EMAIL_IS_VERIFIED": "1"})
    assert [each["name"] for each in found] == ["Okta", "Entra"]
    assert [each["settings"].get("verified_email") for each in found] == [True, None]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    environment = {
        "OIDC_PROVIDERS": "entra,Key Cloak,okta,okta",
        "OIDC_ENTRA_ISSUER": "http://login.example",
        "OIDC_ENTRA_CLIENT_SECRET": "hush",
        "OIDC_OKTA_ISSUER": "https://okta.example/.well-known/openid-configuration",
        "OIDC_OKTA_CLIENT_ID": "throughline",
        "OIDC_OKTA_CLIENT_SECRET_FILE": "/no/such/file",
    }
    with pytest.raises(WrongProviders) as error:
        providers(environment)
    told = str(error.value)
    for wrong in (
        "OIDC_ENTRA_ISSUER=http://login.example must begin with https://",
        "OIDC_ENTRA_CLIENT_ID is missing",
        "names “Key Cloak”",
        "OIDC_OKTA_ISSUER is the part before",
        "OIDC_OKTA_CLIENT_SECRET_FILE=/no/such/file cannot be read",
        "names okta twice",
    ):
        assert wrong in told
    assert "hush" not in told
