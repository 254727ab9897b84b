"""`manage.py changepassword`: Django's, and what follows when somebody else sets a password."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from governance import passwords
from governance.models import User
from hub.terminal import COMMAND_LINE, TerminalCommand

NEXT = (
    "It counts as set by somebody else: programs that acted for {0} are ended, and {0} approves nothing and gives no "
    "roles before choosing a password of their own and being vouched for (page /vouchers/, or manage.py vouch {0})."
)


class Command(changepassword.Command, TerminalCommand):
    help = "Sets somebody's password, as an operator who manages users does in the administration."

    def handle(self, *args: Any, **options: Any) -> str:
        """Ask for the password, set it, and note that another person did."""
        said = super().handle(*args, **options) or ""
        user = User.objects.using(options["database"]).get(username=options["username"] or getpass.getuser())
        passwords.was_set(user, by=COMMAND_LINE, reason="manage.py changepassword")
        return f"{said}\n{NEXT.format(user.get_username())}"
