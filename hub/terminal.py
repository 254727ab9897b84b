"""What commands share at the terminal: who acts, what is asked, how words look. Works without one, too."""

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError
from rich.console import Console

from connectors.manifest import ManifestErrors
from governance.actor import Actor, ActorKind, By
from governance.keys import KeysUnusable
from governance.models import User
from routes.models import Route

COMMAND_LINE = Actor(ActorKind.RULE, "command line", "Command line of the operator")


INTERRUPTED = 130  # how a command ends that was stopped with Ctrl-C, as shells have it


class TerminalCommand(BaseCommand):
    """A command for people and pipelines: what can be foreseen ends in words, never in a trace."""

    requires_system_checks = []  # `make check` has made them; a command should answer at once

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the lines of a help of several paragraphs as they are."""
        if "\n" in self.help:
            kwargs.setdefault("formatter_class", RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it, and say in words what keeps the hub itself from answering."""
        try:
            return super().execute(*args, **options)
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {_first(error)}. Start the hub (make run), or check DATABASE_URL."
            ) from error
        except ProgrammingError as error:
            raise CommandError(
                f"The database has not the schema of this release: {_first(error)}. "
                "Start the hub (make run), which brings it up to date, or: manage.py migrate"
            ) from error
        except KeysUnusable as error:
            raise CommandError(f"The encryption keys cannot be used: {error}") from error
        except ManifestErrors as error:
            raise CommandError(f"A connector does not load. Correct it first:\n{error}") from error
        except KeyboardInterrupt:
            console(errors=True).print("Stopped. What was begun already goes on without this command.")
            sys.exit(INTERRUPTED)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


def console(*, errors: bool = False) -> Console:
    """Return where words go; lines are never cut, so that they can be searched in a log."""
    return Console(highlight=False, soft_wrap=True, stderr=errors)


def refuse(message: str, details: Iterable[str] = ()) -> NoReturn:
    """Say on stderr what is wrong and end with 1."""
    raise CommandError("\n".join([*details, message]))


def named_user(name: str) -> User:
    """Return the person whose rights count. Raises CommandError."""
    found = User.objects.filter(username=name).first()
    if found is None or not found.is_active:
        state = "is switched off" if found is not None else "does not exist"
        raise CommandError(
            f"The account {name} {state}. Name somebody who signs in here: --by USER. The administration lists "
            "accounts under Users; the first one is made with manage.py createsuperuser."
        )
    return found


def actor(name: str | None) -> User | Actor:
    """Return who acts: the named person, else whoever holds the operator's shell, who may do everything anyway."""
    return named_user(name) if name else COMMAND_LINE


def confirmed(question: str) -> bool:
    """Ask at the terminal. Without one nothing can be agreed to, and the remedy is said. Raises CommandError."""
    if not sys.stdin.isatty():
        raise CommandError("Nothing was done: there is no terminal to ask at. Give --yes when the plan is right.")
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False


def route_named(by: By, name: str, *, used: Callable[[Route], bool] = lambda route: False) -> Route:
    """Return the visible route of a short name, else of its whole name. Raises CommandError.

    A route may read for companies other than its own: `used` tells whether somebody sees anything of it there.
    """
    visible = Route.objects.visible_to(by).select_related("legal_entity").order_by("slug")
    found = visible.filter(slug=name).first() or visible.filter(name=name).first()
    if found is None:
        foreign = Route.objects.select_related("legal_entity").filter(slug=name).first()
        found = foreign if foreign is not None and used(foreign) else None
    if found is None:
        known = ", ".join(visible.values_list("slug", flat=True)) or "there is none yet"
        raise CommandError(f"There is no route {name}. Use one of: {known}.")
    return found


def money(amounts: Mapping[str, Decimal]) -> str:
    """Return amounts by currency as people read them: "EUR 1,200.00 + USD 90.00"."""
    return " + ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(amounts.items()) if amount)
