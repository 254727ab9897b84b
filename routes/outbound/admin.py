"""The admin of subscriptions: what each hears of, how it is, and a button for each verb. Secrets are shown once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance import deed_page, seen
from governance.deed_page import Deed, ReasonForm, button
from governance.models import User
from governance.roles import Right
from governance.scoped_admin import SHOWN, ScopedAdmin
from routes import untold
from routes.models import Destination, Route, Subscription
from routes.models.outbound import SubscriptionState
from routes.outbound import gone, redelivering, rotating, steering, subscribing, tap, trying, types
from routes.outbound.forms import PauseForm, RotationForm, SinceForm, WishesForm, started


@admin.register(Subscription)
class SubscriptionAdmin(ScopedAdmin):
    """Who is told of what, for those who edit configuration: an address may hold a password of its owner."""

    right_to_view = Right.EDIT_CONFIGURATION
    list_display = ("name", "legal_entity", "state", "failing_since", "last_answer")
    list_filter = ("legal_entity", "state")
    search_fields = ("name",)
    readonly_fields = fields = (
        "name", "address", "events_of", "hears_of", "from_routes", "to_destinations", "kinds_of_failures", "state",
        "state_reason", "failing_since", "last_answer", "waiting", "created_at",
    )  # fmt: skip
    actions_detail = ["edit", "try_out", "rotate", "pause", "resume", "send_again", "end"]

    @admin.display(description="Events of")
    def events_of(self, row: Subscription) -> str:
        """Return whose events it hears of."""
        return str(row.legal_entity or "every company")

    @admin.display(description="Hears of")
    def hears_of(self, row: Subscription) -> str:
        """Return the types of its events in words."""
        return ", ".join(name.removeprefix(f"{types.SPACE}.") for name in row.types) or "every type of event"

    @admin.display(description="From routes")
    def from_routes(self, row: Subscription) -> str:
        """Return its routes by name."""
        shown = Route.objects.visible_to(_reader(row)).filter(pk__in=row.routes)
        return _named(shown, row.routes, gone.in_words(Route, row.routes, _reader(row))) or "every route"

    @admin.display(description="To destinations")
    def to_destinations(self, row: Subscription) -> str:
        """Return its destinations by name."""
        shown = Destination.objects.visible_to(_reader(row)).filter(pk__in=row.destinations)
        lost = gone.in_words(Destination, row.destinations, _reader(row))
        return _named(shown, row.destinations, lost) or "every destination"

    @admin.display(description="Only failures of these kinds")
    def kinds_of_failures(self, row: Subscription) -> str:
        """Return its kinds of failures."""
        return ", ".join(each.replace("_", " ") for each in row.categories) or "all events, failures or not"

    @admin.display(description="Events that have not arrived yet")
    def waiting(self, row: Subscription) -> int:
        """Return how many events wait for it."""
        return tap.waiting([row.pk]).get(row.pk, 0)

    def get_object(self, request: HttpRequest, *args: Any) -> Any:
        """Return the row, which knows for whom it is shown."""
        found = super().get_object(request, *args)
        if found is not None:
            found.__dict__["_reader"] = _person(request)
        return found

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any) -> Any:
        """Offer nothing to save: all that its page shows is changed by its deeds."""
        context |= {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **more)

    def history_of(self, request: HttpRequest, obj: Any) -> Any:
        """Return the entries without names of routes and destinations that are not the person's to know."""
        entries = list(super().history_of(request, obj)[: SHOWN + 1])
        untold.cover(entries, _person(request))
        return entries

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: ending has a page of its own, which says what is lost with it."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Make a subscription, and show its secret."""
        if not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # refuses
        form = WishesForm(deed_page.sent(request), person=_person(request))

        def act(typed: WishesForm) -> HttpResponse:
            row, secret = subscribing.subscribe(typed.wishes(), by=_person(request))
            return _secret_page(request, row, secret, "It is told what happens from now on.")

        deed = Deed(
            "Subscribe", "Subscribe", form, _checked(request, act), reverse("admin:routes_subscription_changelist")
        )
        return deed_page.shown(request, deed)

    @button("Edit", "changes", "steer")
    @transaction.atomic
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change what it hears of, or where."""
        row = _row(request, object_id)
        if request.method == "POST":
            seen.hold(row)
            row = _row(request, object_id)
        form = WishesForm(deed_page.sent(request), person=_person(request), row=row, initial=started(row))
        mark = seen.watch(form, row, started(row))

        def act(typed: WishesForm) -> str:
            now = subscribing.change(row, typed.wishes(), by=_person(request))
            return f"{now} is changed. What is queued for it already still goes."

        deed = Deed(f"Edit {row}", "Keep it", form, _checked(request, act), _back(row), shown={"seen": mark})
        return deed_page.shown(request, deed)

    @button("Try it", "trials", "steer")
    def try_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a test event at once."""
        row = _row(request, object_id)

        def act(_: forms.Form) -> str:
            answer = trying.try_out(row, by=_person(request))
            if not answer.taken:
                raise ValueError(f"The test event did not arrive: {answer.words}.")
            return f"The test event arrived: {answer.words}."

        about = f"One event of the type {types.TESTED} is sent now; it tells of nothing that has happened."
        return _plain(request, row, f"Try {row}", "Send a test event", act, about)

    @button("New secret", "secrets", "steer")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it a new secret, and show it."""
        row, form = _row(request, object_id), RotationForm(deed_page.sent(request))

        def act(typed: forms.Form) -> HttpResponse:
            hours = typed.cleaned_data["hours"]
            secret = rotating.rotate(row, by=_person(request), overlap=timedelta(hours=hours))
            said = f"The one before signs too for {hours} hours." if hours else "Those before sign nothing any more."
            return _secret_page(request, row, secret, said)

        about = (
            "Events are signed with the new secret at once, and with the one before too for the hours given here; "
            "those before that for as long as was said of them. With 0 hours none of them signs any more."
        )
        return deed_page.shown(request, Deed(f"New secret of {row}", "Make it", form, act, _back(row), about))

    @button("Pause", "pauses", "pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send nothing for a while."""
        row, form = _row(request, object_id), PauseForm(deed_page.sent(request))

        def act(typed: forms.Form) -> str:
            steering.pause(row, reason=typed.cleaned_data["reason"], by=_person(request))
            return f"{row} is paused. Its events are kept, in order."

        return deed_page.shown(request, Deed(f"Pause {row}", "Pause", form, act, _back(row)))

    @button("Resume", "releases", "resume")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it go on."""
        row = _row(request, object_id)

        def act(_: forms.Form) -> str:
            steering.resume(row, by=_person(request))
            return f"{row} goes on, with what was queued first."

        return _plain(request, row, f"Resume {row}", "Resume", act, row.state_reason)

    @button("Send again", "redeliveries", "steer")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send everything again since a moment."""
        row, form = _row(request, object_id), SinceForm(deed_page.sent(request))

        def act(typed: forms.Form) -> str:
            done = redelivering.send_again_since(row, typed.cleaned_data["since"], by=_person(request))
            left = f"{done.dropped:,} that people have dropped stay so." if done.dropped else ""
            said = f"{done.events:,} events are sent again, in order, each with the id that it had."
            return " ".join(part for part in (said, left, redelivering.waits_for(row)) if part)

        return deed_page.shown(request, Deed(f"Send again to {row}", "Send again", form, act, _back(row)))

    @button("End", "ends", "steer")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the subscription."""
        row, form = _row(request, object_id), ReasonForm(deed_page.sent(request))

        def act(typed: forms.Form) -> str:
            subscribing.end(row, reason=typed.cleaned_data["reason"], by=_person(request))
            return f"{row} is ended."

        waiting = f"{self.waiting(row):,} events have not arrived there yet. They go with it, and so does its list."
        back = reverse("admin:routes_subscription_changelist")
        return deed_page.shown(request, Deed(f"End {row}", "End it", form, act, back, waiting, danger=True))

    def has_steer_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it: the row's page is only shown to those whom the verbs let."""
        return object_id is not None  # the page of one that is foreign or gone is not there: it answers 404 itself

    def has_pause_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for an active subscription."""
        return _state(request, object_id) in (None, SubscriptionState.ACTIVE)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for one that rests."""
        return _state(request, object_id) != SubscriptionState.ACTIVE


def _checked(request: HttpRequest, act: Callable[[WishesForm], str | HttpResponse]) -> Callable[[Any], Any]:
    """Return a deed that shows at each field what its verb finds wrong there."""

    def checked(typed: WishesForm) -> str | HttpResponse:
        try:
            return act(typed)
        except ValidationError as problems:
            typed.refuse(problems)
            raise ValueError("Nothing was changed. See what is said below.") from problems

    return checked


def _plain(
    request: HttpRequest, row: Subscription, title: str, words: str, act: Callable[[forms.Form], str], about: str
) -> HttpResponse:
    form = forms.Form(deed_page.sent(request))
    return deed_page.shown(request, Deed(title, words, form, act, _back(row), about))


def _secret_page(request: HttpRequest, row: Subscription, secret: str, said: str) -> HttpResponse:
    """Show a secret, this once; nobody keeps the page."""
    given = {"title": f"Secret of {row}", "row": row, "secret": secret, "said": said, "back": _back(row)}
    answer = render(request, "admin/subscription_secret.html", deed_page.site(request) | given)
    answer["Cache-Control"] = "no-store"
    return answer


def _reader(row: Subscription) -> User:
    """Return for whom the page of a row is shown."""
    found: User = row.__dict__["_reader"]
    return found


def _named(rows: Any, ids: list[int], lost: dict[int, str]) -> str:
    names = [*sorted(str(row) for row in rows), *lost.values()]
    others = len(ids) - len(names)
    return ", ".join([*names, f"{others} of other companies"] if others else names)


def _row(request: HttpRequest, object_id: str) -> Subscription:
    visible = Subscription.objects.visible_to(_person(request), Right.EDIT_CONFIGURATION)
    return get_object_or_404(visible.select_related("legal_entity"), pk=object_id)


def _state(request: HttpRequest, object_id: str | None) -> str | None:
    """Return the state of a subscription that the person may steer."""
    visible = Subscription.objects.visible_to(_person(request), Right.EDIT_CONFIGURATION)
    return visible.filter(pk=object_id).values_list("state", flat=True).first() if object_id else None


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _back(row: Subscription) -> str:
    return reverse("admin:routes_subscription_change", args=[row.pk])
