"""The sign-in page's form: it says what to do when it refuses."""

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """A user name and a password. Which of the two is wrong, or that an account is closed, is nobody's business."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "This user name and password do not belong together, or the account is closed. Small and "
        "capital letters count. Try again, or ask an operator for a new password."
    }
