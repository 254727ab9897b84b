"""The door of every view of the API: signs in, narrows, counts, refuses unknown parameters, answers in JSON."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance import narrowing
from governance.api import callers, parameters, repeats
from governance.api.callers import BearerToken
from governance.api.exact import ExactJSON
from governance.api.forms import Form, read
from governance.api.leaving import Leaving, mark
from governance.api.limits import PerCaller
from governance.api.refusals import BAD_HEADER, Refused
from governance.made_twice import looked_again
from governance.models import User


class Password(BasicAuthentication):
    """A user name and password; what is asked of somebody who is not signed in names the token, too."""

    def authenticate_header(self, request: Request) -> str:
        """Return both ways to sign in (RFC 9110, section 11.6.1)."""
        return 'Basic realm="api", Bearer realm="api"'


class Session(SessionAuthentication):
    """A session of the pages; what changes something proves in the header X-CSRFToken that it comes from them."""

    def enforce_csrf(self, request: Request) -> None:
        """Raise PermissionDenied without the token. No body is looked into for one: that would need a parser."""
        seen = copy.copy(request._request)
        seen.POST = QueryDict()
        super().enforce_csrf(seen)  # type: ignore[arg-type]  # it asks what Django's middleware asks


class Door(APIView):
    """What all views of the API have in common."""

    authentication_classes = [Password, Session, BearerToken]
    permission_classes = [IsAuthenticated]
    throttle_classes = [PerCaller]
    renderer_classes = [ExactJSON]
    parser_classes = []  # a body is read within its limits, by `forms.read`
    layer: ClassVar[str] = ""  # system, process or experience: which scopes a token needs; "": any token
    accepts: ClassVar[tuple[str, ...]] = ()  # parameters of the address, where no list says which
    leaving: ClassVar[Mapping[str, Leaving]] = {}  # methods that are on their way out
    limit_headers: dict[str, str] | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, with rights that are narrowed for this request alone."""
        with narrowing.of_its_own():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in, or raise why not."""
        super().initial(request, *args, **kwargs)
        callers.admit(request, self.layer)
        parameters.refuse_unknown(request, self.names(request))

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters that the address may have."""
        return self.accepts

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Tell the methods of this address, in the header Allow."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell how much the caller may still ask, and what is on its way out, also where it is refused.

        Nothing of the API is kept by caches on the way.
        """
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.limit_headers or {}).items():
            answer[name] = value
        answer.setdefault("Cache-Control", "no-store")
        ends = self.leaving.get("GET" if request.method == "HEAD" else str(request.method))
        return mark(answer, ends) if ends else answer

    def once(
        self, request: Request, form: type[Form], act: Callable[[dict[str, Any]], Response], **context: Any
    ) -> HttpResponse | Response:
        """Read the body by a form and do what it asks, once for each Idempotency-Key."""
        repeats.key_of(request)
        content, values = read(request, form, context)
        return looked_again(lambda: repeats.once(request, content, lambda: act(copy.copy(values))))

    def each_time(
        self, request: Request, form: type[Form], act: Callable[[dict[str, Any]], Response], **context: Any
    ) -> Response:
        """Read the body by a form and do what it asks. The answer holds a secret, so none is kept for a repeat.

        Raises Refused (400) for an Idempotency-Key, which would promise that.
        """
        if "Idempotency-Key" in request.headers:
            detail = "No answer is kept here, since it holds a secret. Leave the header Idempotency-Key out."
            raise Refused(BAD_HEADER, detail)
        _, values = read(request, form, context)
        with transaction.atomic():
            return act(values)


def person(request: Request) -> User:
    """Return whose rights count."""
    assert isinstance(request.user, User)
    return request.user
