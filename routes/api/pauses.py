"""System API: pausing a connection by hand, letting it go on, and trying one that the hub leaves alone."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from connectors.api.connections import CONNECTION, ConnectionShape, connection_of, shown
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import told
from routes import pausing_by_hand

WHY = "new year's release of the ERP"
PAUSED = CONNECTION | {"paused": True, "paused_reason": WHY}


class PauseReasonBody(forms.Form):
    """Why; a reason is needed."""

    reason = forms.Text(max_length=pausing_by_hand.LONGEST, help_text=forms.REASON)


class ConnectionDeedDoor(Door):
    """Something that is done with a connection."""

    layer = "system"

    def do(self, request: Request, slug: str, form: type[forms.Form], verb: Callable[..., None]) -> Any:
        """Do it once, and show the connection as it is then."""
        by = person(request)
        row = connection_of(by, slug)

        def act(values: dict[str, Any]) -> Response:
            try:
                verb(row, by=by, **values)
            except ValueError as error:
                raise Refused(NOT_POSSIBLE, str(error)) from None
            return Response(shown(connection_of(by, slug)))

        return self.once(request, form, act)


class PausesDoor(ConnectionDeedDoor):
    """Pausing a connection."""

    @told(ConnectionShape, form=PauseReasonBody, sample=PAUSED, sent={"reason": WHY})
    def post(self, request: Request, slug: str) -> Any:
        """Pause a connection: nothing is read from it or sent to it, and what comes for it waits in order."""
        return self.do(request, slug, PauseReasonBody, pausing_by_hand.pause)


class ReleasesDoor(ConnectionDeedDoor):
    """Letting a connection go on."""

    @told(ConnectionShape, form=forms.ReasonBody, sample=CONNECTION, sent={"reason": "the release is done"})
    def post(self, request: Request, slug: str) -> Any:
        """Let a connection go on that a person or a program has paused."""
        return self.do(request, slug, forms.ReasonBody, pausing_by_hand.resume)


class ProbesDoor(ConnectionDeedDoor):
    """Trying a connection."""

    @told(ConnectionShape, form=forms.Form, sample=CONNECTION, sent={})
    def post(self, request: Request, slug: str) -> Any:
        """End the pause that the hub has made after failures: the next request tries at once."""
        return self.do(request, slug, forms.Form, pausing_by_hand.try_again)
