"""The administration's form of a cut-off: its rule in words, what it concerns, and what is wrong beside each field."""

import datetime as dt
import re
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

from canonical.entities import ENTITIES
from exceptions_queue.models import CutOff
from exceptions_queue.models.order import COVERED, RULES, WEEKDAYS, rule_problems
from exceptions_queue.recurrence import Covers, CutOffDate, Recurrence, Rule, next_dates
from governance.actor import By
from governance.calendars import working_time
from mappings.ends import end_words
from routes.models import Route

NUMBERED = f"{Rule.WORKING_DAY} {Rule.BEFORE_END} {Rule.DAY_BEFORE} {Rule.DAY_AFTER}"
OF_THE_RULE = ("legal_entity", "rule", "number", "weekday", "dates", "at", "covers")
ALL = "Choose none for all."
HIGH = {"size": 8}  # lines of a choice of several: four, as browsers have it, hide what there is
UNSEEN = "Routes of another company stand here too, and stay."


class CutOffForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Until when work has to be through."""

    entities = forms.MultipleChoiceField(
        label="Concerns these records", required=False, help_text=ALL,
        choices=lambda: [(name, end_words(name)) for name in ENTITIES],
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    routes = forms.TypedMultipleChoiceField(
        label="Concerns what came by these routes", required=False, coerce=int, help_text=ALL,
        choices=[],  # those that whoever has the form open sees
        widget=UnfoldAdminSelectMultipleWidget(HIGH),
    )  # fmt: skip
    rule = forms.ChoiceField(
        label="It is", choices=list(RULES.items()), widget=UnfoldAdminSelectWidget(attrs={"data-way": ""})
    )
    covers = forms.ChoiceField(
        label="By then there has to be through", choices=list(COVERED.items()), widget=UnfoldAdminSelectWidget()
    )
    dates = forms.CharField(
        label="Days", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Such as 2026-12-18, with commas or blanks between them.",
    )  # fmt: skip

    class Meta:
        model = CutOff
        fields = (
            "legal_entity", "name", "kind", "covers", "rule", "number", "weekday", "dates", "at", "entities", "routes",
        )  # fmt: skip
        labels: ClassVar = {"legal_entity": "Company", "at": "At", "number": "Which", "weekday": "Weekday"}
        help_texts: ClassVar = {
            "name": "As people call it, such as Monthly billing.",
            "at": "In the time zone of the company's calendar.",
            "number": "Which working day, or which day of the month; before the end of the month: how many working "
            "days before the last, 0 for the last itself.",
        }

    asker: ClassVar["By | None"] = None  # whose form it is

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        routes = self.fields.get("routes")
        if isinstance(routes, forms.ChoiceField) and self.asker is not None:
            seen = Route.objects.visible_to(self.asker).order_by("name")
            routes.choices = [(pk, name) for pk, name in seen.values_list("pk", "name")]
            if self._unseen():
                routes.help_text = f"{routes.help_text} {UNSEEN}"
        if self.instance.pk and "dates" in self.fields:
            self.initial["dates"] = ", ".join(str(day) for day in self.instance.dates)
        for name, ways in (("number", NUMBERED), ("weekday", str(Rule.WEEKLY)), ("dates", str(Rule.DATES))):
            if name in self.fields:
                self.fields[name].widget.attrs["data-asked-for"] = ways

    def _unseen(self) -> list[int]:
        """Return the routes that stand there and that the person does not see: they stay."""
        if self.asker is None or not self.instance.pk:
            return []
        stand = CutOff.objects.filter(pk=self.instance.pk).values_list("routes", flat=True).first() or []
        there = Route.objects.filter(pk__in=stand).exclude(pk__in=Route.objects.visible_to(self.asker).values("pk"))
        return list(there.values_list("pk", flat=True))

    def clean_routes(self) -> list[int]:
        """Return the routes that were chosen, and those that stay."""
        return sorted({*self.cleaned_data["routes"], *self._unseen()})

    def clean_dates(self) -> list[dt.date]:
        """Return the days that were typed, in order."""
        found, wrong = set(), []
        for word in re.split(r"[\s,;]+", self.cleaned_data["dates"].strip()):
            try:
                found |= {dt.date.fromisoformat(word)} if word else set()
            except ValueError:
                wrong.append(word[:20])
        if wrong:
            raise forms.ValidationError(f"{', '.join(wrong)}: no day of any calendar. Write it as 2026-12-18.")
        return sorted(found)

    def clean(self) -> dict[str, Any]:
        """Keep only what the rule asks for, and say at its field what it lacks."""
        given = super().clean() or self.cleaned_data
        rule = given.get("rule", "")
        if rule not in NUMBERED.split():
            given["number"] = None
        if rule != Rule.WEEKLY:
            given["weekday"] = None
        if rule != Rule.DATES and "dates" in given:
            given["dates"] = []
        if not self.errors.keys() & {"number", "weekday", "dates"}:
            found = rule_problems(rule, given.get("number"), given.get("weekday"), given.get("dates", []))
            for name, words in found.items():
                self.add_error(name, words)
        return given

    def coming(self, now: dt.datetime) -> list[CutOffDate] | None:
        """Return the next six cut-offs of what was typed; None where something of the rule is wrong or missing."""
        if self.errors.keys() & set(OF_THE_RULE):
            return None
        given = self.cleaned_data
        recurrence = Recurrence(
            Rule(given["rule"]), given["at"], Covers(given["covers"]), given["number"] or 0, given["weekday"] or 0,
            tuple(given["dates"]),
        )  # fmt: skip
        return next_dates(recurrence, working_time(given["legal_entity"]), now)


MOST = 12  # listed days that are told


def in_words(row: CutOff) -> str:
    """Return when a cut-off is: "on working day 3 of the month at 18:00"."""
    if row.rule == Rule.WEEKLY:
        day = f"on {WEEKDAYS[row.weekday or 0]}s"
    elif row.rule == Rule.DATES:
        days = [f"{each.day} {each:%b %Y}" for each in sorted(row.dates)]
        more = f" and {len(days) - MOST} more" if len(days) > MOST else ""
        day = f"on {', '.join(days[:MOST])}{more}" if days else "on no day"
    elif row.rule == Rule.WORKING_DAY:
        day = f"on working day {row.number} of the month"
    elif row.rule == Rule.BEFORE_END:
        day = (
            "on the last working day of the month"
            if not row.number
            else (f"{row.number} working {'day' if row.number == 1 else 'days'} before the last of the month")
        )
    else:
        moved = "before" if row.rule == Rule.DAY_BEFORE else "after"
        day = f"on day {row.number} of the month, or the working day {moved}"
    return f"{day} at {row.at:%H:%M}"
