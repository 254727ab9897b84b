"""What commands share at the terminal: who acts, what is asked, how words look. Works without one, too."""

import math
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
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
from hub import unanswered
from routes.models import Route

COMMAND_LINE = Actor(ActorKind.RULE, "command line", "Command line of the operator")


INTERRUPTED = 130  # how a command ends that was stopped with Ctrl-C, as shells have it


class TerminalCommand(BaseCommand):
    """A command for people and pipelines: what can be foreseen ends in words, never in a trace."""

    stopped = "Stopped. What was begun already goes on without this command."  # said after Ctrl-C
    requires_system_checks = []  # `make check` has made them; a command should answer at once

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the lines of a help of several paragraphs as they are."""
        if "\n" in self.help:
            kwargs.setdefault("formatter_class", RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it, and say in words what keeps the hub itself from answering."""
        _refuse_what_is_no_text(options)
        try:
            return super().execute(*args, **options)
        except (OperationalError, ProgrammingError) as error:
            if not (words := unanswered.words(error)):
                raise
            raise CommandError(words) from error
        except KeysUnusable as error:
            raise CommandError(f"The encryption keys cannot be used: {error}") from error
        except ManifestErrors as error:
            raise CommandError(f"A connector does not load. Correct it first:\n{error}") from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{place}the system says: {error.strerror or error}.") from error
        except KeyboardInterrupt:
            console(errors=True).print(self.stopped)
            sys.exit(INTERRUPTED)


def _refuse_what_is_no_text(options: Mapping[str, Any]) -> None:
    """Refuse what was typed in another encoding: the database takes no such text, and the terminal may show none."""
    for value in options.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and any("\ud800" <= mark <= "\udfff" for mark in each):
                shown = each.encode(errors="surrogateescape").decode(errors="backslashreplace")
                raise CommandError(f"“{shown}” is no text in UTF-8. Type it again.")


def seconds(text: str) -> float:
    """Read an option that says how long to wait. Raises ArgumentTypeError."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (found >= 0 and math.isfinite(found)):
        raise ArgumentTypeError(f"{text!r} is no time to wait; give a number of seconds, such as 600.")
    return found


WIDE = 100_000  # characters of a line where no terminal has an end of its own


def console(*, errors: bool = False) -> Console:
    """Return where words go; lines are never cut, and wrapped at a terminal only: they can be searched in a log."""
    at_terminal = (sys.stderr if errors else sys.stdout).isatty()
    return Console(highlight=False, soft_wrap=True, stderr=errors, width=None if at_terminal else WIDE)


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
        raise CommandError(nothing_named("route", name, list(visible.values_list("slug", flat=True)), by))
    return found


def nothing_named(one: str, name: str, known: list[str], by: By) -> str:
    """Say that there is nothing of a name and what there is; where a person sees nothing at all, what they lack."""
    whose = f" that {by.username} may see" if isinstance(by, User) else ""
    remedy = f"There is none yet; integration admins make {one}s in the administration."
    if known:
        remedy = f"Use one of: {', '.join(known)}."
    elif isinstance(by, User):
        remedy = sees_none(one, by)
    return f"There is no {one} {name}{whose}. {remedy}"


def sees_none(one: str, by: User) -> str:
    """Say what somebody lacks who sees nothing of a kind at all."""
    return (
        f"{by.username} sees no {one} at all, and needs a role in the company that it belongs to. An operator "
        "gives roles in the administration (Users)."
    )


def money(amounts: Mapping[str, Decimal]) -> str:
    """Return amounts by currency as people read them: "EUR 1,200.00 + USD 90.00"."""
    return " + ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(amounts.items()) if amount)
