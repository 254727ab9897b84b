"""`manage.py createsuperuser`: Django's; without a terminal, too, it takes no password that the policy refuses."""

import os
from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from governance.models import User
from hub.terminal import TerminalCommand

GIVEN = "DJANGO_SUPERUSER_PASSWORD"  # Django's own variable


class Command(createsuperuser.Command, TerminalCommand):
    help = "Makes an account that may do everything: the first one of an installation."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Make the account. Raises CommandError for a password of the environment that nobody could choose."""
        given = os.environ.get(GIVEN)
        if given is not None and not options["interactive"]:
            name, address = (
                options.get(each) or os.environ.get(f"DJANGO_SUPERUSER_{each.upper()}") or ""
                for each in ("username", "email")
            )
            try:
                validate_password(given, User(username=name, email=address))
            except ValidationError as error:
                raise CommandError(f"The password in {GIVEN} is not taken. {' '.join(error.messages)}") from error
        return super().handle(*args, **options)
