"""`manage.py run_route NAME`: asks for a run, as the button *Run now* does, and may wait for what comes of it."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from governance import audit
from governance.actor import By
from governance.rights import NotAllowed
from hub.state_totals import Narrowed, totals, unfinished
from hub.terminal import TerminalCommand, actor, console, money, route_named
from hub.terminal import seconds as time_to_wait
from routes import accounting, inline, shares
from routes.models import Run
from routes.models.movement import RunState
from routes.runs import NothingToRead, ask_for_run

LOOK_SECONDS = 0.5
NEEDS_SOMEBODY, TIME_IS_UP = 3, 4  # how the command ends
NEEDS = ("failed", "held", "unknown", "stopped")  # states in which something waits for a person
ABOUT = """\
Asks for a run of a route. It reads what is new or changed since the last run, as the button "Run now" does; with
--from-start all that the source has, where something there was passed over.
With --wait the command shows how far it is, until the run is over and everything of it is sent or stopped. What the
target asks to try again later is told and not waited for; workers see to it.

It ends with
  0  the run was asked for; with --wait: it is done, and nothing of it waits for a person
  1  it could not be asked for, or it stopped or is held; the message says why
  3  it is done, and some of it waits for a person: see `manage.py transactions`
  4  the time of --seconds is up, and it still goes on
"""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the route, and how to wait."""
        parser.add_argument("name", metavar="NAME", help="the route's short name, such as time")
        parser.add_argument("--wait", action="store_true", help="wait for the run and what it sends")
        parser.add_argument("--seconds", type=time_to_wait, default=3600.0, help="with --wait: how long at most (3600)")
        parser.add_argument("--inline", action="store_true", help="with --wait: do the work here, without workers")
        parser.add_argument(
            "--from-start", action="store_true",
            help="read all that the source has, also what was read before and has not changed since",
        )  # fmt: skip
        parser.add_argument(
            "--by", metavar="USER", help="who asks: their rights count; else the command line, which may all"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, and wait if told to."""
        by = actor(options["by"])
        route = route_named(by, options["name"])
        if not route.enabled:
            raise CommandError(f"{route} is switched off and does not run. Switch it on in the administration first.")
        try:
            with audit.through("command"):
                run = ask_for_run(route, by=by, trigger="person", from_start=options["from_start"])
        except (NotAllowed, NothingToRead) as refused:
            raise CommandError(str(refused)) from None
        asked = f"asked for by {run.requested_by} at {run.created_at:%H:%M:%S} UTC"
        console().print(f"{route}: a run is {run.get_state_display()}, {asked}.")
        if options["wait"]:
            self._wait(run, by, seconds=options["seconds"], work_here=options["inline"])

    def _wait(self, run: Run, by: By, *, seconds: float, work_here: bool) -> None:
        until = time.monotonic() + seconds
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console(errors=True)) as bar:
            task = bar.add_task("", total=None)
            while True:
                if work_here:
                    inline.work_off()
                run.refresh_from_db()
                left = unfinished(by, run)
                read = "" if shares.hold_more([run], by) else f"{run.read:,} read, "
                said = f"{run.get_state_display()}: {read}{left:,} on their way. {run.message}"
                bar.update(task, description=escape(said.strip()))
                over = run.state in (RunState.DONE, RunState.STOPPED, RunState.HELD)
                if over and (not left or run.state != RunState.DONE):
                    break
                if time.monotonic() > until:
                    console().print(
                        f"After {seconds:g} seconds it still goes on; workers carry on without this command."
                    )
                    sys.exit(TIME_IS_UP)
                time.sleep(LOOK_SECONDS)
        self._tell(run, by)

    def _tell(self, run: Run, by: By) -> None:
        out = console()
        books = accounting.books(run, by=by)
        unchanged = "" if books.holds_more else f"{books.unchanged:,} unchanged, "
        out.print(f"Read {books.read:,}: {books.new:,} new, {books.changed:,} changed, {unchanged}"
                  f"{books.unreadable:,} unreadable.")  # fmt: skip
        if books.holds_more:
            out.print("It has read more, for companies that you do not see.")
        found = totals(by, Narrowed(run=run))
        for each in found:
            out.print(f"  {each.count:>9,}  {each.label}  {money(each.money)}".rstrip())
        if run.state != RunState.DONE:
            raise CommandError(f"The run is {run.get_state_display()}: {run.message or 'no reason was given.'}")
        if books.unreadable or any(each.state in NEEDS for each in found):
            out.print("Some of it waits for a person; the exceptions' page says for whom and why.")
            sys.exit(NEEDS_SOMEBODY)
