"""`manage.py changepassword` counts as somebody else's setting a password, wherever it is typed."""

from typing import Any

import pytest
from django.contrib.auth.management.commands import changepassword
from django.core.management import call_command
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from governance.models import AuditEntry, User
from governance.rights import Right, allowed_anywhere
from tests.api.conftest import staff
from tests.api.signing import get, program_of_people, tokens_for
from tests.api.test_tokens import RUNS

__all__ = ["staff"]  # a fixture of these tests, too
NEW = "a brass kettle sings"


def test_programs_end_and_the_account_waits_to_be_vouched_for(
    staff: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tokens_for(staff.clara, program_of_people())["access_token"]
    assert get(RUNS, token).status_code == 200
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_, **__: NEW)

    call_command("changepassword", staff.clara.username)

    told = capsys.readouterr().out
    assert "Password changed successfully" in told
    assert f"manage.py vouch {staff.clara.username}" in told
    clara = User.objects.get(pk=staff.clara.pk)
    assert clara.check_password(NEW)
    assert (clara.password_is_own, clara.password_set_by) == (False, "rule:command line")
    assert not allowed_anywhere(clara, Right.APPROVE_CONFIGURATION)
    assert get(RUNS, token).status_code == 401
    for model in (get_access_token_model(), get_refresh_token_model()):
        assert not model.objects.filter(user=clara).exists()
    entry = AuditEntry.objects.get(verb="set_password")
    assert (entry.actor_name, entry.before) == ("Command line of the operator", {"programs": ["Spreadsheet"]})
