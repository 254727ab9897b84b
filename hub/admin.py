"""Gives the administration's forms of connections, routes and calendars their drafts. Loaded after these forms."""

from django.contrib import admin

from connectors.models import Connection
from governance.models import BusinessCalendar
from hub.changes.forms import DraftedCalendar, DraftedConnection
from hub.changes.route_forms import DraftedDestination, DraftedRoute
from routes.models import Destination, Route

for _model, _shown in (
    (Connection, DraftedConnection),
    (Route, DraftedRoute),
    (Destination, DraftedDestination),
    (BusinessCalendar, DraftedCalendar),
):
    admin.site.unregister(_model)
    admin.site.register(_model, _shown)
