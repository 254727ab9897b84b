"""The administration's forms of teams, fallback teams and routing rules: choices in words, what is wrong beside it."""

import re
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from canonical.entities import BILLING_MODELS, ENTITIES
from canonical.failure import CATEGORIES
from exceptions_queue import teams
from exceptions_queue.models import FallbackTeam, RoutingRule, Team
from exceptions_queue.models.routing import ANY, MOST
from exceptions_queue.permitted import who_have
from exceptions_queue.verbs.tag import SHAPE, kept_form
from exceptions_queue.words import plain
from governance.actor import as_actor
from governance.models import User
from governance.roles import Right
from mappings.ends import end_words
from routes.models import Route

ALL = "Choose none for all."
HIGH = {"size": 8}  # lines of a choice of several: four, as browsers have it, hide what there is
SEVERAL = "Several with commas between them; empty: all."
EVERYWHERE = "Empty: all companies."
CONTRACTS = [(name, plain(name)) for name in BILLING_MODELS]
KINDS = [(category.value, info.title) for category, info in CATEGORIES.items()]
TRIED = (  # fields of a rule by which it is tried
    "legal_entity", "categories", "entities", "clients", "projects", "contract_types", "workers", "periods", "routes",
    "amount_from", "amount_below", "unknown_too", "team", "person", "position",
)  # fmt: skip


def _team_choices() -> list[tuple[str, str]]:
    return [("", "–"), *((name, name) for name in teams.names_known())]


def _people() -> list[tuple[int, str]]:
    """Return who may work on items anywhere, by name."""
    able = {user.pk: user for user in who_have(Right.WORK_QUEUE, None)}
    held = User.objects.filter(grants__role__in=teams.WORKING, is_active=True).distinct()
    able.update({user.pk: user for user in held})
    return sorted(((pk, as_actor(user).name) for pk, user in able.items()), key=lambda pair: pair[1].casefold())


def _offer(field: forms.Field, held: list[User], first: list[tuple[str, str]]) -> None:
    """Let people be chosen who may work on items, and those who are chosen already, which is not lost unseen."""
    assert isinstance(field, forms.ModelChoiceField)
    people = _people()
    lost = [each for each in held if each.pk not in dict(people)]
    people += [(each.pk, f"{as_actor(each).name} (may not work on items any more)") for each in lost]
    field.queryset = User.objects.filter(pk__in=[pk for pk, _ in people])
    field.choices = [*first, *people]


class TextsField(forms.CharField):
    """Several texts with commas between them."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        self.longest = longest
        usual = {"help_text": SEVERAL, "widget": UnfoldAdminTextInputWidget()}
        super().__init__(required=False, max_length=4000, **{**usual, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """Return the texts as they are typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Return the texts, each once, in order; refuse too many and too long ones."""
        typed = super().clean(", ".join(value) if isinstance(value, list) else value)
        found = sorted({part.strip() for part in re.split(r"[,;\n]", typed) if part.strip()})
        if long := [part for part in found if len(part) > self.longest]:
            raise forms.ValidationError(f"“{long[0][:30]}…” is too long: at most {self.longest} characters.")
        if len(found) > MOST:
            raise forms.ValidationError(f"These are {len(found)}; at most {MOST} fit. Make a second rule of the rest.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare texts, not how they were typed."""
        return super().has_changed(self.prepare_value(initial), self.prepare_value(data))


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Who belongs to a team."""

    members = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="And these people",
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )

    class Meta:
        model = Team
        fields = ("name", "legal_entity", "role", "members")
        labels: ClassVar = {"legal_entity": "Company", "role": "Whoever has this role"}
        help_texts: ClassVar = {
            "name": "As lists say it. One of the hub's own names says who belongs to that one: "
            + ", ".join(teams.SHIPPED) + ".",
            "legal_entity": EVERYWHERE,
            "role": "In the company of an item. Only who may work on items there counts.",
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:
            held = list(self.instance.members.all()) if self.instance.pk else []
            _offer(self.fields["members"], held, [])

    def clean(self) -> dict[str, Any]:
        """Refuse a team of nobody."""
        given = super().clean() or self.cleaned_data
        if not given.get("role") and not given.get("members"):
            self.add_error("members", "Say who belongs to it: a role, some people, or both.")
        return given


class FallbackTeamForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    """To which team what falls."""

    category = forms.ChoiceField(
        label="What comes to it", choices=[(ANY, "Whatever has no other team, or whose team nobody is in"), *KINDS],
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    team = forms.ChoiceField(choices=_team_choices, widget=UnfoldAdminSelectWidget())

    class Meta:
        model = FallbackTeam
        fields = ("legal_entity", "category", "team")
        labels: ClassVar = {"legal_entity": "Company"}
        help_texts: ClassVar = {"legal_entity": EVERYWHERE}


class RoutingRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    """What comes to whom."""

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
    routes = forms.TypedMultipleChoiceField(
        label="Which came by these routes", required=False, coerce=int, help_text=ALL, choices=list,
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    clients = TextsField(label="Of these clients", longest=120)
    projects = TextsField(label="Of these projects", longest=120)
    contract_types = forms.MultipleChoiceField(
        label="All of it billed as", required=False, help_text=ALL, choices=CONTRACTS,
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    workers = TextsField(
        label="Of these workers", longest=120, help_text=f"Their numbers, not their names: whose time it is. {SEVERAL}"
    )
    periods = TextsField(label="Of these periods", longest=10, help_text=f"Such as 2026-10. {SEVERAL}")
    team = forms.ChoiceField(
        label="Team", required=False, choices=_team_choices, widget=UnfoldAdminSelectWidget(),
        help_text="Looks at it first. Empty: the fallback team of its kind.",
    )  # fmt: skip
    person = forms.ModelChoiceField(
        User.objects.none(), label="Person", required=False, widget=UnfoldAdminSelectWidget(),
        help_text="Is given the item at once. Where the person may not work any more, the team sees to it.",
    )  # fmt: skip
    tags = TextsField(label="Tags", longest=40, help_text="Which the item gets; with commas between them.")

    class Meta:
        model = RoutingRule
        fields = (
            "name", "legal_entity", "is_on", "position", "categories", "entities", "clients", "projects",
            "contract_types", "workers", "periods", "routes", "amount_from", "amount_below", "unknown_too", "team",
            "person", "priority", "tags",
        )  # fmt: skip
        labels: ClassVar = {
            "legal_entity": "Company", "is_on": "In use", "position": "Place",
            "amount_from": "Worth at least", "amount_below": "Worth less than",
            "unknown_too": "Also where nobody knows the amount",
        }  # fmt: skip
        help_texts: ClassVar = {
            "legal_entity": EVERYWHERE,
            "position": "Of rules that fit an item as closely, the one with the lower number wins.",
            "amount_from": "In the reporting currency.",
            "priority": "0 to 100. Empty: by the formula.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asker = getattr(self, "asker", None)
        if "routes" in self.fields:
            rows = Route.objects.visible_to(asker) if asker is not None else Route.objects.all()
            shown = list(rows.order_by("name").values_list("pk", "name"))
            gone = [pk for pk in self.instance.routes if pk not in dict(shown)]
            field = self.fields["routes"]
            assert isinstance(field, forms.TypedMultipleChoiceField)
            field.choices = [*shown, *((pk, "one of another company, or gone") for pk in gone)]
        if "person" in self.fields:
            _offer(self.fields["person"], [self.instance.person] if self.instance.person else [], [("", "–")])
        if self.instance.team and self.instance.team not in dict(_team_choices()):
            team = self.fields.get("team")
            if isinstance(team, forms.ChoiceField):
                team.choices = [*_team_choices(), (self.instance.team, f"{self.instance.team} (there is no such team)")]

    def clean_tags(self) -> list[str]:
        """Return the tags in their kept form."""
        found = sorted({kept_form(each) for each in self.cleaned_data["tags"]})
        if wrong := [each for each in found if not SHAPE.fullmatch(each)]:
            raise forms.ValidationError(f"“{wrong[0]}”: a tag has letters, digits and hyphens. Write it so.")
        return found
