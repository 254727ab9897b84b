"""The admin of calendars: opening hours, public holidays of a region, the company's own days, and a year to look at."""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, ClassVar
from unicodedata import normalize

import holidays
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from holidays.registry import COUNTRIES
from unfold.widgets import UnfoldAdminSelectWidget

from governance import calendar_use, deed_page, zones
from governance.calendars import NO_DAY
from governance.columns import headed
from governance.deed_page import button
from governance.models import BusinessCalendar, CalendarDay, LegalEntity, User, WeekdayHours
from governance.models.calendar import check_time_zone
from governance.scoped_admin import NOT_THERE, ScopedAdmin, ScopedInline
from governance.working_time import public_holidays, refuse_unknown_region

TAKEN = "This company has a calendar already. Change that one, or choose another company."
CHOOSE_ZONE = "Choose a time zone."
YEARS = (1990, 2100)  # that a preview shows
CALLED = {  # by the library: what splitting its name would not give
    "AlandIslands": "Åland Islands",
    "BonaireSintEustatiusAndSaba": "Bonaire, Sint Eustatius and Saba",
    "Curacao": "Curaçao",
    "DRCongo": "Congo, Democratic Republic",
    "GuineaBissau": "Guinea-Bissau",
    "HeardIslandAndMcDonaldIslands": "Heard Island and McDonald Islands",
    "Reunion": "Réunion",
    "SaintBarthelemy": "Saint Barthélemy",
    "SaintHelenaAscensionAndTristanDaCunha": "Saint Helena, Ascension and Tristan da Cunha",
    "SaoTomeAndPrincipe": "São Tomé and Príncipe",
    "TimorLeste": "Timor-Leste",
}
USUAL = [{"weekday": day, "opens_at": "09:00", "closes_at": "17:00"} for day in range(5)]


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """Return the countries whose public holidays are known, by name."""
    known = holidays.list_supported_countries()
    found = {code: _in_words(name) for name, code, *_ in COUNTRIES.values() if code in known}
    return sorted(found.items(), key=lambda pair: normalize("NFKD", pair[1]).encode("ascii", "ignore"))


def _in_words(name: str) -> str:
    """Return a country as people write it; the library names them as classes: "IsleOfMan"."""
    apart = CALLED.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r" (And|Of|The|Da)(?= )", lambda found: found[0].lower(), apart)


def regions(country: str) -> list[tuple[str, str]]:
    """Return the states or provinces of a country whose own holidays are known, by code."""
    known = holidays.list_supported_countries()
    if country not in known:
        return []
    named = {
        code: name for name, code in getattr(holidays.country_holidays(country), "subdivisions_aliases", {}).items()
    }
    return [(code, f"{code}: {named[code]}" if code in named else code) for code in known[country]]


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A calendar, whose country, region and time zone are chosen by name."""

    country = forms.ChoiceField(
        choices=lambda: [("", "Choose…"), *countries()], widget=UnfoldAdminSelectWidget(),
        help_text="Its public holidays are days off.",
    )  # fmt: skip
    subdivision = forms.CharField(
        label="State or province", required=False, max_length=10,
        help_text="For holidays of its own. Empty: those of the whole country only.",
    )  # fmt: skip
    time_zone = forms.CharField(
        widget=UnfoldAdminSelectWidget(choices=lambda: [("", "Choose…"), *((name, name) for name in zones.known())]),
        error_messages={"required": CHOOSE_ZONE},
    )

    class Meta:
        model = BusinessCalendar
        fields = ("legal_entity", "country", "subdivision", "time_zone")
        labels: ClassVar = {"legal_entity": "Company"}
        error_messages: ClassVar = {"legal_entity": {"unique": TAKEN, "invalid_choice": NOT_THERE}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "subdivision" in self.fields:
            self.fields["subdivision"].widget = UnfoldAdminSelectWidget(choices=self._regions())

    def _regions(self) -> list[Any]:
        """Return the regions of the country that is chosen; before, those of the firm's countries."""
        chosen = self.data.get("country") or self.instance.country
        codes = [chosen] if chosen else sorted(set(LegalEntity.objects.values_list("country", flat=True)))
        names = dict(countries())
        groups: list[Any] = [(names.get(code, code), regions(code)) for code in codes if regions(code)]
        typed = self.data.get("subdivision")
        known = {code for _, each in groups for code, _ in each}
        strange = [(typed, f"{typed[:20]} (not a region there)")] if typed and typed not in known else []
        return [("", "The whole country"), *groups, *strange]

    def clean(self) -> dict[str, Any]:
        """Refuse a region that the country does not have, and a time zone that does not exist, each at its field."""
        given = super().clean() or self.cleaned_data
        if self.has_error("time_zone", "required") and (usual := zones.zone_of(given.get("country") or "")):
            self.errors["time_zone"] = self.error_class([f"{CHOOSE_ZONE} All of that country lives by {usual}."])
        try:
            if given.get("country"):
                refuse_unknown_region(given["country"], given.get("subdivision") or "")
        except ValueError as error:
            self.add_error("subdivision", str(error))
        try:
            if given.get("time_zone"):
                check_time_zone(given["time_zone"])
        except ValidationError as error:
            self.add_error("time_zone", error)
        return given


class HoursForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Opening hours of one weekday; what a new calendar begins with is kept although nobody types it anew."""

    def has_changed(self) -> bool:
        """Count the usual hours of a new calendar as typed."""
        return super().has_changed() or (self.instance.pk is None and bool(self.initial))

    def clean(self) -> dict[str, Any]:
        """Refuse to close before opening."""
        given = super().clean() or self.cleaned_data
        opens, closes = given.get("opens_at"), given.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", "The end must lie after the beginning, on the same day.")
        return given

    def validate_constraints(self) -> None:
        """Leave the constraints to the words above and below."""


class EachOnce(BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the checker only
    """Lines of which each day may have one."""

    def get_unique_error_message(self, unique_check: Any) -> str:
        """Say which day stands here twice, in words."""
        return "A day stands here twice. Give each day one line."

    def get_form_error(self) -> str:
        """Say it at the line too."""
        return "This day has a line already."


class Week(EachOnce):
    """The lines of a week, of which one at least is worked: on nothing else do deadlines and schedules go on."""

    def clean(self) -> None:
        """Refuse a week without a line."""
        super().clean()
        if any(self.errors):
            return
        lines = (form for form in self.forms if form.instance.pk is not None or form.has_changed())
        if all(self._should_delete_form(form) for form in lines):  # type: ignore[attr-defined]  # not in its stubs
            raise ValidationError(f"{NO_DAY} Add a line, or keep one.")


class WeekdayHoursInline(ScopedInline):
    """Opening hours, edited with their calendar."""

    model = WeekdayHours
    form = HoursForm
    formset = Week

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Begin a new calendar with the usual week."""
        return 0 if obj is not None else len(USUAL)


class DayForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A day that differs from the rule."""

    class Meta:
        model = CalendarDay
        fields = ("on", "name", "is_working")
        labels: ClassVar = {"on": "Day", "is_working": "Worked"}


class CalendarDayInline(ScopedInline):
    """Own closed days, and days worked against the rule; edited with their calendar."""

    model = CalendarDay
    form = DayForm
    formset = EachOnce
    verbose_name, verbose_name_plural = "own day", "own closed days, and days worked against the rule"


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(ScopedAdmin):
    """When each legal entity works."""

    form = CalendarForm
    list_display = ("legal_entity", "country", "region", "time_zone")
    region = headed("subdivision", "Part of the country")
    list_select_related = ("legal_entity",)
    inlines: ClassVar = [WeekdayHoursInline, CalendarDayInline]
    actions_detail: ClassVar = ["show_year"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the company, where somebody may change only one, with its country and that one's time zone."""
        assert isinstance(request.user, User)
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        companies = LegalEntity.objects.visible_to(request.user, self.right_to_change)[:2]
        if len(companies) != 1:
            return given
        only = companies[0]
        return {"legal_entity": only.pk, "country": only.country, "time_zone": zones.zone_of(only.country)} | given

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """Fill in the usual week of a new calendar."""
        given: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, WeekdayHoursInline) and not obj.pk and request.method == "GET":
            given["initial"] = USUAL
        return given

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and in words what goes by it and keeps it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking, [*calendar_use.kept(objs).values(), *protected]

    @button("Look at a year", "years", "show_year")
    def show_year(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the days of a year that differ from the week's rule."""
        assert isinstance(request.user, User)
        rows = BusinessCalendar.objects.visible_to(request.user).select_related("legal_entity")
        calendar = get_object_or_404(rows, pk=object_id)
        typed = request.GET.get("year", "")
        year = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 4 else date.today().year  # noqa: DTZ011 - which year to begin with
        year = min(max(year, YEARS[0]), YEARS[1])
        days = days_of(calendar, year)
        given = {
            "title": f"{calendar}: {year}", "days": days, "year": year, "before": year - 1, "after": year + 1,
            "hours": list(calendar.weekday_hours.all()), "worked": _worked(calendar, year),
            "back": reverse("admin:governance_businesscalendar_change", args=[calendar.pk]),
        }  # fmt: skip
        return render(request, "admin/calendar_year.html", deed_page.site(request) | given)

    def has_show_year_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who see the calendar."""
        return self.has_view_permission(request)


def days_of(calendar: BusinessCalendar, year: int) -> list[tuple[date, str, str, bool]]:
    """Return the days of a year that differ from the week's rule: day, name, why, whether it is worked."""
    own = {each.on: each for each in calendar.days.all() if each.on.year == year}
    public = public_holidays(calendar.country, calendar.subdivision)
    public.get(date(year, 1, 1))  # fills the year in
    found = {day: (name, "public holiday") for day, name in dict(public).items() if day.year == year}
    found |= {day: (each.name, "own day") for day, each in own.items()}
    working = calendar.working_time
    return [(day, *found[day], working.is_business_day(day)) for day in sorted(found)]


def _worked(calendar: BusinessCalendar, year: int) -> int:
    """Return how many days of a year are worked."""
    first, working = date(year, 1, 1), calendar.working_time
    length = (date(year + 1, 1, 1) - first).days
    return sum(working.is_business_day(first + timedelta(days=number)) for number in range(length))
