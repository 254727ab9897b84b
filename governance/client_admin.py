"""The admin's pages for clients of the API: register one, change what it may, a new secret. The verbs do it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from oauth2_provider.models import (
    get_access_token_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from governance import clients, deed_page, seen
from governance.api.scopes import offered
from governance.columns import headed
from governance.deed_page import Deed, ReasonForm, button
from governance.models import ApiClient
from governance.rights import Right, allowed
from governance.scoped_admin import ScopedAdmin

for _theirs in (
    ApiClient,
    get_access_token_model(),
    get_grant_model(),
    get_id_token_model(),
    get_refresh_token_model(),
):
    admin.site.unregister(_theirs)  # the library's pages know neither our rights nor our audit entries
ABOUT = (
    "A client acts as an account of its own: give that account roles, like anybody's. Scopes narrow what those roles "
    "allow. It never approves anything."
)


def _scopes(stand: Iterable[str] = ()) -> list[tuple[str, str]]:
    return [(name, f"{name}: {words}") for name, words in sorted(offered(stand).items())]


class ClientForm(forms.Form):
    """What a client may ask for."""

    scopes = forms.MultipleChoiceField(
        choices=_scopes,
        widget=forms.CheckboxSelectMultiple,
        help_text="Without a company: all that its roles reach.",
    )
    requests_per_minute = forms.IntegerField(
        required=False, min_value=1, max_value=1_000_000, help_text="Empty: as the operator has set it."
    )


class NewClientForm(ClientForm):
    """A client that is not there yet."""

    name = forms.CharField(max_length=80, help_text="By which people know it, such as Time tool.")
    redirect_uris = forms.CharField(
        required=False,
        max_length=1000,
        label="Addresses to return to",
        help_text="Only for programs that people let act for them (authorization code with PKCE). Separated by spaces.",
    )
    field_order = ("name", "scopes", "redirect_uris", "requests_per_minute")


class ChangeForm(ClientForm):
    """A client that is there."""

    enabled = forms.BooleanField(required=False, help_text="Switched off, all its tokens are revoked.")

    def __init__(self, *args: Any, stand: Iterable[str], **more: Any) -> None:
        """Offer the scopes that it has, too, whatever became of their companies."""
        super().__init__(*args, **more)
        self.fields["scopes"].choices = _scopes(stand)  # type: ignore[attr-defined]


@admin.register(ApiClient)
class ApiClientAdmin(ScopedAdmin):
    """Clients of the API; for those who manage users."""

    right_to_view = right_to_change = Right.MANAGE_USERS
    list_display = ("name", "account", "signs_in", "enabled", "registered")
    account, registered = headed("user", "Account of its own"), headed("created", "Registered")
    signs_in = headed("authorization_grant_type", "How it gets in")
    search_fields = ("name", "client_id")
    returns_to = headed("redirect_uris", "Addresses to return to")
    fields = ("name", "client_id", "account", "signs_in", "scopes", "requests_per_minute", "returns_to", "enabled",
              "registered")  # fmt: skip
    actions_detail: ClassVar = ["change_client", "renew_secret"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the right for all legal entities, as the verbs do."""
        return allowed(request.user, Right.MANAGE_USERS, None)

    has_add_permission = has_module_permission = has_view_permission

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: it is changed by what the buttons do."""
        return False

    has_delete_permission = has_change_permission

    def has_change_client_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer the buttons to those whom the verbs let."""
        return self.has_view_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Register a client, and show its secret this once."""
        if not self.has_add_permission(request):
            raise PermissionDenied("Ask an operator who manages users for all companies.")
        form = NewClientForm(deed_page.sent(request))
        back = reverse("admin:governance_apiclient_changelist")

        def act(typed: forms.Form) -> HttpResponse:
            given = typed.cleaned_data
            try:
                client, secret = clients.register(
                    name=given["name"], scopes=given["scopes"], redirect_uris=given["redirect_uris"],
                    requests_per_minute=given["requests_per_minute"], by=request.user,
                )  # fmt: skip
            except ValidationError as error:
                raise ValueError("\n".join(error.messages)) from error
            said = f"It acts as the account {client.user}: give that account its roles under Users."
            return _secret_shown(request, client, secret, said)

        deed = Deed("Register a client of the API", "Register", form, act, back, ABOUT)
        return deed_page.shown(request, deed)

    @button("Change", "changes", "change_client")
    @transaction.atomic
    def change_client(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change what a client may ask for, or switch it off."""
        if request.method == "POST":
            seen.hold(ApiClient.objects.filter(pk=object_id).first())
        client = get_object_or_404(ApiClient, pk=object_id)
        started = {name: getattr(client, name) for name in ("scopes", "enabled", "requests_per_minute")}
        form = ChangeForm(deed_page.sent(request), initial=started, stand=client.scopes)
        mark = seen.watch(form, client, started)

        def act(typed: forms.Form) -> str:
            clients.change(client, by=request.user, **typed.cleaned_data)
            return f"{client} is changed."

        deed = Deed(f"Change {client}", "Keep this", form, act, _page_of(client), ABOUT, shown={"seen": mark})
        return deed_page.shown(request, deed)

    @button("New secret", "secrets", "change_client")
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a client a new secret, and show it this once."""
        client = get_object_or_404(ApiClient, pk=object_id)
        about = "The old secret and all tokens of this client count no more from then on."
        form = ReasonForm(deed_page.sent(request))

        def act(typed: forms.Form) -> HttpResponse:
            secret = clients.renew_secret(client, by=request.user, reason=typed.cleaned_data["reason"])
            return _secret_shown(request, client, secret, "The one before, and all tokens, count no more.")

        title, page = f"New secret for {client}", _page_of(client)
        return deed_page.shown(request, Deed(title, "Make a new secret", form, act, page, about, danger=True))


def _secret_shown(request: HttpRequest, client: ApiClient, secret: str, said: str) -> HttpResponse:
    """Show what a client gets in with, this once and on a page of its own: nothing there makes another one."""
    given = {"title": f"{client} is ready", "client": client, "secret": secret, "said": said, "back": _page_of(client)}
    answer = render(request, "admin/client_secret.html", deed_page.site(request) | given)
    answer["Cache-Control"] = "no-store"
    return answer


def _page_of(client: ApiClient) -> str:
    return reverse("admin:governance_apiclient_change", args=[client.pk])
