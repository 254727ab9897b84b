"""The admin of approval policies. Whoever makes one ask for less stays bound by it until another person agrees."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Value
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from canonical.entities import ENTITIES
from exceptions_queue import policies
from exceptions_queue.models import ApprovalPolicy, Deed
from exceptions_queue.routing_forms import ALL, CONTRACTS, EVERYWHERE, HIGH, KINDS
from exceptions_queue.words import plain
from exceptions_queue.yardstick import measures
from governance.scoped_admin import ScopedAdmin
from mappings.ends import end_words

BOUND = (
    "It asks for less than before. You stay bound by what it was until another person, who may approve configuration, "
    "agrees under Approvals."
)


def _fields() -> list[tuple[str, str]]:
    found = {f.name for entity in ENTITIES.values() for f in entity.fields if f.name not in entity.key}
    return [(name, plain(name)) for name in sorted(found)]


class ApprovalPolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """When acting on exceptions needs a second person."""

    deeds = forms.MultipleChoiceField(
        label="A second person is asked for", choices=Deed.choices, widget=UnfoldAdminSelectMultipleWidget(HIGH)
    )
    fields_ = forms.MultipleChoiceField(
        label="When these fields are corrected", required=False, choices=_fields,
        help_text="Choose none for any field.", widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label="Of these kinds",
        required=False,
        choices=KINDS,
        help_text=ALL,
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )
    entities = forms.MultipleChoiceField(
        label="Which hold these records", required=False, help_text=ALL,
        choices=lambda: [(name, end_words(name)) for name in ENTITIES],
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    contract_types = forms.MultipleChoiceField(
        label="Of which any is billed as", required=False, help_text=ALL, choices=CONTRACTS,
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip

    class Meta:
        model = ApprovalPolicy
        fields = (
            "name", "legal_entity", "is_on", "deeds", "categories", "entities", "contract_types", "amount_from",
            "unknown_too",
        )  # fmt: skip
        labels: ClassVar = {
            "legal_entity": "Company", "is_on": "In use", "amount_from": "From this amount",
            "unknown_too": "Also where nobody knows the amount",
        }  # fmt: skip
        help_texts: ClassVar = {
            "legal_entity": EVERYWHERE,
            "amount_from": "Of all that is acted on at once, in the reporting currency. Empty: whatever it is.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "fields_" in self.fields:
            self.initial["fields_"] = self.instance.fields

    def clean(self) -> dict[str, Any]:
        """Give the row its fields, under the name that a form cannot have."""
        given = super().clean() or self.cleaned_data
        self.instance.fields = sorted(given.get("fields_", self.instance.fields))
        return given

    def add_error(self, field: Any, error: Any) -> None:
        """Say what is wrong with the row's fields beside their choice."""
        told = getattr(error, "error_dict", None)
        if field is None and told and "fields" in told:
            told["fields_"] = told.pop("fields")
        super().add_error(field, error)


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(ScopedAdmin):
    """What needs four eyes."""

    form = ApprovalPolicyForm
    list_display = ("name", "company", "asks")
    list_select_related = ("legal_entity",)
    looked_at_as_listed = True
    search_fields = ("name",)
    also_seen = ("fields",)
    fieldsets: ClassVar = [
        (None, {"fields": ("name", "legal_entity", "is_on", "deeds")}),
        (
            "Only where",
            {"fields": ("fields_", "categories", "entities", "contract_types", "amount_from", "unknown_too")},
        ),
    ]

    @admin.display(description="Company", ordering="legal_entity")
    def company(self, row: ApprovalPolicy) -> str:
        """Tell where it counts."""
        return row.legal_entity.code if row.legal_entity else "all"

    @admin.display(description="A second person is asked to")
    def asks(self, row: ApprovalPolicy) -> str:
        """Tell what it asks for."""
        return policies.told(row, getattr(row, "reporting", ""))

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read with each the currency in which its amount is meant, once for all of them."""
        return super().get_queryset(request).annotate(reporting=Value(measures().reporting.currency))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save it, and bind whoever made it ask for less."""
        before = ApprovalPolicy.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if policies.was_changed(before, obj, by=request.user):
            messages.warning(request, BOUND)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it, and bind whoever did."""
        before = ApprovalPolicy.objects.filter(pk=obj.pk).first()
        super().delete_model(request, obj)
        if policies.was_changed(before, None, by=request.user):
            messages.warning(request, BOUND)
