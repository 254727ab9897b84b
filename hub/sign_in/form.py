"""The sign-in page's form."""

from typing import Any

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth carries no types
    """A user name and a password. Which of the two is wrong, or that an account is closed, is nobody's business."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        name, password = self.fields["login"], self.fields["password"]
        name.label, password.help_text = "User name", ""  # there is no page for a forgotten password to lead to
        name.widget.attrs = {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        password.widget.attrs = {"autocomplete": "current-password"}

    def add_prefix(self, field_name: str) -> str:
        """Call the name's field in the page what browsers and password stores know it by."""
        return str(super().add_prefix({"login": "username"}.get(field_name, field_name)))
