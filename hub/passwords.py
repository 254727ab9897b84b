"""Pages of people's own accounts: choosing a password, and vouching for somebody whose password another person set."""

from typing import Any

from allauth.decorators import rate_limit
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator

from exceptions_queue.pages.door import context, page, person
from governance import passwords
from governance.actor import names
from governance.models import User
from governance.rights import NotAllowed


@method_decorator(rate_limit(action="change_password"), name="dispatch")
class OwnPassword(PasswordChangeView):
    """Lets somebody who knows the present password choose another; all their other sessions end by it."""

    template_name = "registration/own_password.html"
    success_url = reverse_lazy("queue:home")

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add how many accounts wait for somebody to vouch for them; None for those who may not."""
        by = person(self.request)
        waiting = passwords.waiting().exclude(pk=by.pk).count() if passwords.may_vouch(by) else None
        return super().get_context_data(**context("account", waiting=waiting), **given)

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Store the password and note whose it is."""
        answer = super().form_valid(form)
        passwords.was_set(person(self.request), by=person(self.request))
        UserSession.objects.create_from_request(self.request)  # this session has a new number now
        messages.success(self.request, "Your password is changed.")
        return answer


class VouchForm(forms.Form):
    """Why somebody is sure."""

    user = forms.IntegerField(widget=forms.HiddenInput)
    address = forms.CharField(max_length=254, required=False, widget=forms.HiddenInput)  # as the page has shown it
    reason = forms.CharField(max_length=300, label="How do you know that it is them?")


@page
def vouchers(request: HttpRequest) -> HttpResponse:
    """List the accounts that wait for somebody to vouch for them, and take such words."""
    by = person(request)
    if not passwords.may_vouch(by):
        raise NotAllowed("You may not vouch for others. Ask somebody who may approve or give roles.")
    form = VouchForm(request.POST, auto_id=False) if request.method == "POST" else None
    status = 422 if form is not None else 200
    if form is not None:
        if form.is_valid():
            account = get_object_or_404(User, pk=form.cleaned_data["user"])
            sent = form.cleaned_data
            try:
                passwords.vouch(account, by=by, reason=sent["reason"], address=sent["address"])
            except NotAllowed as error:
                _refuse(request, form, account, str(error))
                status = 403
            else:
                messages.success(request, f"You have vouched for {account.get_full_name() or account.get_username()}.")
                return redirect("vouchers")
        if "user" not in form.cleaned_data:
            raise Http404("No account is named.")
    rows = list(passwords.waiting())
    setters = names([setter for row in rows for setter in (row.password_set_by, row.email_set_by) if setter])
    told = [(row, setters[row.password_set_by], setters.get(row.email_set_by, ""), _form_of(row, form)) for row in rows]
    return render(request, "registration/vouchers.html", context("account", rows=told), status=status)


def _refuse(request: HttpRequest, form: VouchForm, account: User, words: str) -> None:
    """Say why nobody vouched: beside what was typed, or above where the account has no form yet."""
    if account.password_is_own:
        form.add_error("reason", words)
    else:
        messages.error(request, words)


def _form_of(account: User, refused: VouchForm | None) -> VouchForm:
    """Return the form of an account: the one that was refused, with what was typed, or a fresh one."""
    address = account.email if account.email_set_by else ""
    if refused is not None and refused.cleaned_data["user"] == account.pk:
        refused.data = dict(refused.data.items()) | {"address": address}  # of what is shown now
        return refused
    return VouchForm(initial={"user": account.pk, "address": address}, auto_id=False)
