"""The form by which a refused sign-in is entered anew, made from what the connector asks. Shows no secret."""

from typing import Any

from django import forms

from connectors.manifest.model import Question
from connectors.models import Connection
from connectors.sign_in_again import NotRenewed, questions
from exceptions_queue.forms import RemedyForm

PREFIX = "answer_"
STAYS = "Empty: it stays as it is."


class SecretArea(forms.Textarea):
    """Where a secret of several lines is typed; what was typed is not shown again."""

    def format_value(self, value: object) -> str:
        """Show nothing."""
        return ""


class SignInForm(RemedyForm):
    """What the way to sign in asks: secrets empty, the rest as it is now."""

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = questions(connection)
        for each in self.asked:
            self.fields[PREFIX + each.name] = _field(each, str(connection.answers.get(each.name, "")))
        self.order_fields([*(PREFIX + each.name for each in self.asked if each.secret),
                           *(PREFIX + each.name for each in self.asked if not each.secret), "reason"])  # fmt: skip

    def typed(self) -> dict[str, str]:
        """Return what was typed, by the question's name."""
        return {each.name: self.cleaned_data[PREFIX + each.name] for each in self.asked}

    def blame(self, error: NotRenewed) -> None:
        """Say what is wrong at the field that it is about."""
        for name, words in error.problems.items():
            self.add_error(PREFIX + name if PREFIX + name in self.fields else None, words)


def _field(asked: Question, now: str) -> forms.Field:
    where = f"Where to find it: {asked.where}" if asked.where else ""
    told = " ".join(filter(None, (asked.help, where, STAYS if asked.secret else "")))
    given: dict[str, Any] = {"required": False, "label": asked.title, "help_text": told, "max_length": 20_000}
    if not asked.secret:
        return forms.CharField(initial=now, **given)
    attrs = {"autocomplete": "off", "data-secret": "", "spellcheck": "false"}
    if asked.multiline:
        return forms.CharField(widget=SecretArea(attrs={"rows": 4, **attrs}), strip=False, **given)
    return forms.CharField(widget=forms.PasswordInput(attrs={**attrs, "autocomplete": "new-password"}), **given)
