"""`manage.py vouch`: says that an account whose password another person set is in its owner's hands."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from governance import passwords
from governance.models import User
from governance.rights import NotAllowed
from hub.terminal import TerminalCommand, actor, console, refuse


class Command(TerminalCommand):
    help = (
        "Says that an account whose password another person set is in its owner's hands, so that it may approve and "
        "give roles: the page /vouchers/ for a firm in which no third person may vouch yet. The owner has to have "
        "chosen a password of their own. Without a name it lists the accounts that wait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose account, who vouches and how they know."""
        parser.add_argument("user", nargs="?", metavar="USER", help="the account that waits")
        parser.add_argument("--by", metavar="PERSON", help="who vouches: the page's rules hold; else the command line")
        parser.add_argument(
            "--address",
            default="",
            metavar="MAIL",
            help="their e-mail address, where another has set it and it is theirs",
        )
        parser.add_argument("--reason", default="", help="how you know that it is them: we spoke on the phone")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or vouch."""
        name = options["user"]
        if name is None:
            return _list()
        account = User.objects.filter(username=name).first()
        if account is None:
            raise CommandError(f"The account {name} does not exist. Without a name, vouch lists those that wait.")
        if not account.password_set_by:
            console().print(f"{name} waits for nobody: their password is their own.", markup=False)
            return None
        try:
            by, said = actor(options["by"]), {name: options[name] for name in ("reason", "address")}
            passwords.vouch(account, by=by, **said)
        except NotAllowed as refused:
            refuse(str(refused) + ("" if options["reason"].strip() else ' Give it with --reason "…".'))
        console().print(f"{name} may use all rights of their roles now.", markup=False)
        return None


def _list() -> None:
    rows = list(passwords.waiting())
    for row in rows:
        state = "has chosen a password of their own" if row.password_is_own else "has to change the password first"
        whose = (
            f"; another has set their e-mail address: --address {row.email}, if it is theirs"
            if row.email_set_by
            else ""
        )
        console().print(f"{row.username}: {state}{whose}", markup=False)
    if not rows:
        console().print("No account waits for anybody.")
