"""The form of a connection, made from its connector's questions. Secrets are typed in and never shown again."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget
from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

from connectors.kept_secrets import ENTER_AGAIN, Stored, put_secrets
from connectors.manifest.model import Manifest, Question
from connectors.models import Connection
from connectors.registry import registry

PACE = ("concurrency", "requests_allowed", "period_seconds")
SHORT_NAME = "Write it with small letters, digits and hyphens."  # as the help beside it
PREFIX = "answer_"  # of the fields that are questions of the connector


TYPED_BEFORE, AS_BEFORE = "typed_before_", "as_before_"  # beside a secret: one was typed; what was there before stays
NOT_SHOWN = "What you typed here is never shown again: enter it again, or choose that it stays as it was before."


class NeverShown(forms.Widget):
    """Where a secret is typed. In a form that comes back it carries that one was typed, and offers to go without it."""

    typed_before = as_before = False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Show the empty field, and what comes along with it."""
        field = super().render(name, value, attrs, renderer)
        if not self.typed_before:
            return field
        return field + format_html(
            '<input type="hidden" name="{}" value="yes"><label class="block mt-2"><input type="checkbox" name="{}"{}> '
            "Leave it as it was before</label>",
            *(name.replace(PREFIX, each, 1) for each in (TYPED_BEFORE, AS_BEFORE)),
            " checked" if self.as_before else "",
        )


class SecretInput(NeverShown, UnfoldAdminPasswordWidget):  # type: ignore[misc]  # unfold carries no types
    """Where a secret of one line is typed."""


class SecretTextarea(NeverShown, UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold carries no types
    """Where a secret of several lines is typed; what was typed is not shown again, as in a password's field."""

    def format_value(self, value: object) -> str:
        """Show nothing."""
        return ""


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A connection whose secrets can be replaced one by one; what is left empty stays as it is."""

    manifest: Manifest
    typed_before: Collection[str] = ()  # secrets that were typed in a form before this one, and have to be again
    _again: Sequence[str] = ()  # secrets that have to be entered again, since the address has changed

    class Meta:
        model = Connection
        fields = (
            "name", "slug", "connector", "environment", "legal_entity", "auth", "concurrency", "timeout_seconds",
            "requests_allowed", "period_seconds",
        )  # fmt: skip
        labels: ClassVar = {
            "legal_entity": "Company",
            "slug": "Short name", "concurrency": "Requests at once", "timeout_seconds": "Seconds for one request",
            "requests_allowed": "Requests allowed", "period_seconds": "in so many seconds",
        }  # fmt: skip
        help_texts: ClassVar = {
            "slug": "How routes, files and commands call it. Small letters, digits and hyphens.",
            "environment": "Which of the vendor's worlds the account lives in.",
            "legal_entity": "Who sees what fails before a record names its own company.",
            "concurrency": "Over all workers together.",
            "timeout_seconds": "After which an answer counts as lost. Empty: as the operator has set it.",
            "requests_allowed": "Empty: as fast as the system's own rules allow.",
            "period_seconds": "Needed when a number of requests is given.",
        }  # fmt: skip
        error_messages: ClassVar = {"slug": {"invalid": SHORT_NAME}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.kept_secrets()
        for question in self.manifest.questions:
            field = self.fields[PREFIX + question.name]
            if not question.secret:
                field.initial = self.instance.answers.get(question.name, question.default)
            elif self._was_typed(question.name):
                widget = cast(NeverShown, field.widget)
                widget.typed_before, widget.as_before = True, AS_BEFORE + question.name in self.data
                field.help_text = f"{field.help_text} {NOT_SHOWN}".strip()
            elif question.name in kept:
                field.help_text = f"{field.help_text} One is kept; leave this empty to keep it.".strip()

    def clean(self) -> dict[str, Any]:
        """Check the pace, and take the answers over."""
        given = self._answered()
        rate = {name: given.get(name) for name in ("requests_allowed", "period_seconds")}
        if None in rate.values() and any(value is not None for value in rate.values()):
            missing = next(name for name, value in rate.items() if value is None)
            if missing not in self.errors:
                self.add_error(missing, "Both numbers are needed, such as 100 requests in 15 seconds; or neither.")
        for name in ("concurrency", "timeout_seconds", *rate):
            if given.get(name) is not None and given[name] <= 0:
                self.add_error(name, "This must be more than zero.")
        return given

    def validate_constraints(self) -> None:
        """Leave the constraints of the pace to the words above; names that are taken are still found."""
        try:
            self.instance.validate_constraints(exclude=[*self._get_validation_exclusions(), *PACE])  # type: ignore[attr-defined]  # not in its stubs
        except ValidationError as error:
            self._update_errors(error)

    def _answered(self) -> dict[str, Any]:
        """Put answers and secrets into the connection; of the secrets the form keeps only that they were typed."""
        given = super().clean() or self.cleaned_data
        stored, answers, secrets = Stored.of(self.instance), dict(self.instance.answers), {}
        for question in self.manifest.questions:
            name = PREFIX + question.name
            typed = given.get(name) or ""
            if not question.secret:
                answers[question.name] = typed
            elif typed:
                secrets[question.name] = typed
                given[name] = "•••"  # what the audit entry may say
            elif self._is_lost(question, given):
                self.add_error(name, NOT_SHOWN)
        self.instance.answers = {name: value for name, value in answers.items() if value not in ("", None)}
        self.instance.auth = given.get("auth", self.instance.auth)
        self._again = put_secrets(self.instance, stored, secrets)
        for name in self._again:
            self.add_error(PREFIX + name, ENTER_AGAIN)
        return given

    def _was_typed(self, name: str) -> bool:
        """Return whether a secret was typed in this form, or in the one before it that was refused."""
        sent = self.data
        return name in self.typed_before or bool(sent.get(PREFIX + name)) or TYPED_BEFORE + name in sent

    def _is_lost(self, question: Question, given: dict[str, Any]) -> bool:
        """Return whether a secret was typed in the form before and is not here: somebody takes it for entered."""
        if TYPED_BEFORE + question.name not in self.data or AS_BEFORE + question.name in self.data:
            return False
        return question.asked_for(self.manifest.auth_named(given.get("auth", "")).name)

    def _update_errors(self, errors: ValidationError) -> None:
        """Show what the connection finds wrong with its answers and secrets at the fields of the questions."""
        told = getattr(errors, "error_dict", {})
        if told.pop("secrets", None) or told.pop("answers", None):
            told.pop("answers", None)
            for name, words in self.instance.answer_problems(self.manifest).items():
                if name not in self._again:
                    self.add_error(PREFIX + name, words)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook, not in its stubs


def form_for(connector: str) -> type[ConnectionForm]:
    """Return the form of a connector's connections. Raises UnknownConnector."""
    manifest = registry.connector(connector).manifest
    ways = [("", f"{manifest.auth[0].title} (usual)"), *((auth.name, auth.title) for auth in manifest.auth[1:])]
    if len(manifest.auth) > 1:
        ways.insert(1, (manifest.auth[0].name, manifest.auth[0].title))
    parts: dict[str, Any] = {
        "connector": forms.ChoiceField(
            choices=[(connector, manifest.title)], widget=UnfoldAdminSelectWidget(), help_text=manifest.about
        ),
        "auth": forms.ChoiceField(
            choices=ways,
            required=False,
            label="Way to sign in",
            widget=UnfoldAdminSelectWidget(attrs={"data-way": manifest.auth[0].name}),
        ),
        "manifest": manifest,
    }
    parts |= {PREFIX + question.name: _field(question, manifest) for question in manifest.questions}
    return type("ConnectionForm", (ConnectionForm,), parts)


def _field(question: Question, manifest: Manifest) -> forms.Field:
    """Return the field of one question: title, help, where to find the answer, example."""
    titles = {auth.name: auth.title for auth in manifest.auth}
    told = ["Needed." if question.required else "", question.help]
    told.append(f"Where to find it: {question.where}" if question.where else "")
    told.append(f"For example {question.example}" if question.example else "")
    told.append(f"Only for: {', '.join(titles.get(name, name) for name in question.auth)}." if question.auth else "")
    words = escape(" ".join(part for part in told if part))  # the admin shows help as it is
    given: dict[str, Any] = {"required": False, "label": question.title, "help_text": words}
    field = _bare(question, given)
    if question.auth:
        field.widget.attrs["data-asked-for"] = " ".join(question.auth)  # the page hides what another way asks
    return field


def _bare(question: Question, given: dict[str, Any]) -> forms.Field:
    if question.choices:
        choices = [("", "Choose…"), *((each, each) for each in question.choices)]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **given)
    if question.multiline:
        widget = SecretTextarea if question.secret else UnfoldAdminTextareaWidget
        return forms.CharField(widget=widget(attrs={"autocomplete": "off", "rows": 4}), **given)
    if question.secret:
        return forms.CharField(widget=SecretInput(attrs={"autocomplete": "new-password"}), **given)
    return forms.CharField(widget=TextInput(), **given)
