"""The company of something new, as a form asks for it: those in which somebody may edit configuration, and no other."""

from typing import Any

from django import forms

from governance.actor import By
from governance.models import LegalEntity
from governance.rights import Right
from governance.scoping import ALL, entity_ids


class CompanyField(forms.ChoiceField):
    """Asks for a company by its code; "" is all of them, which only those are offered who may in all of them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, label="Company", help_text="Empty: it serves all of them.", **kwargs
        )  # fmt: skip
        self.error_messages |= {
            "required": "Choose the company that it is for; you may not make one for all of them.",
            "invalid_choice": "You may make none for this company. Choose another one.",
        }

    def offer_to(self, by: By) -> None:
        """Offer what somebody may choose. One query, and the one for their rights; the only one is chosen already."""
        places = LegalEntity.objects.visible_to(by, Right.EDIT_CONFIGURATION).order_by("code")
        choices = [(each.code, str(each)) for each in places]
        if entity_ids(by, Right.EDIT_CONFIGURATION) is ALL:
            self.choices = [("", "All"), *choices]
            return
        self.required, self.help_text = True, "Those in which you may edit configuration."
        self.choices = choices if len(choices) == 1 else [("", "Choose…"), *choices]
