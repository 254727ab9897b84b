"""The keys of one's own pages: which there are, and whether they are on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from exceptions_queue import keyboard
from exceptions_queue.pages.door import context, page, person

SAID = {
    True: "Single keys work on your pages from now on. ? shows those that work on a page.",
    False: "Single keys do nothing any more. You can switch them on again here.",
}


@page
def keys(request: HttpRequest) -> HttpResponse:
    """Show all keys, and switch them on or off for the person who asks."""
    user = person(request)
    if request.method == "POST":
        on = request.POST.get("on") == "yes"
        keyboard.switch(user, on=on)
        messages.success(request, SAID[on])
        back = request.POST.get("back", "")
        here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
        return redirect(back if here and back.startswith("/") else "queue:keyboard")
    return render(request, "queue/keyboard.html", context("account", groups=keyboard.groups()))
