"""When a program gets tokens that act for a person: while the account is open and has what its roles demand."""

from typing import Any

from oauth2_provider.models import get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from governance import second_factor
from governance.models import User

CLOSED = "The account that this program acts for is closed. Ask an operator."
ENDED = "What this program was allowed has ended. Ask the person to let it act for them anew."


class TokenRules(OAuth2Validator):  # type: ignore[misc]  # the library carries no types
    """Asks for a new token what is asked for a request."""

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Return whether a code counts. Raises InvalidGrantError with words for the person behind it."""
        return bool(super().validate_code(client_id, code, client, request, *args, **kwargs)) and _fits(request)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Return whether a refresh token counts. Raises InvalidGrantError with words for the person behind it."""
        return bool(super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)) and _fits(request)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        """Keep tokens for a person only while nobody has ended what they are made from (see `governance.programs`)."""
        if request.user is not None and request.grant_type in ("authorization_code", "refresh_token"):
            User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
            if not _origin(request).exists():
                raise InvalidGrantError(description=ENDED, request=request)
        super()._save_bearer_token(token, request, *args, **kwargs)

    def _create_refresh_token(self, request: Any, code: str, access_token: Any, previous: Any) -> Any:
        """Keep when the person let the program: of what is renewed, when the first one was made."""
        made = super()._create_refresh_token(request, code, access_token, previous)
        if previous is not None:
            type(made).objects.filter(pk=made.pk).update(created=previous.created)
        return made


def _fits(request: Any) -> bool:
    user = request.user
    if user is None:
        return True
    if not user.is_active:
        raise InvalidGrantError(description=CLOSED, request=request)
    if second_factor.is_missing(user):
        raise InvalidGrantError(description=second_factor.MISSING, request=request)
    return True


def _origin(request: Any) -> Any:
    if request.grant_type == "refresh_token":
        return get_refresh_token_model().objects.filter(pk=request.refresh_token_instance.pk)
    return get_grant_model().objects.filter(code=request.code, application=request.client)
