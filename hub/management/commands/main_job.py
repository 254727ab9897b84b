"""`manage.py main_job`: runs the firm's routes until they rest, and says what happened and who waits for what."""

from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hub.demonstration import LeftOut, job, require_ours, staff, systems
from hub.demonstration.movement import TIME
from hub.demonstration.report import Cause, Money, Report, report
from hub.supervisor.alone import told
from hub.terminal import TerminalCommand, seconds
from routes.models import Route

SECONDS = 150.0


class Command(TerminalCommand):
    help = "Runs the demonstration's routes to rest with progress, and prints what happened and where to look."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how long to wait, and whether to do the work here."""
        parser.add_argument("--inline", action="store_true", help="do the work in this process, without workers")
        parser.add_argument("--seconds", type=seconds, default=SECONDS, help="how long to wait for rest")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the runs, watch, report."""
        try:
            require_ours()
        except LeftOut as refused:
            raise CommandError(str(refused)) from None
        if not Route.objects.filter(slug=TIME).exists():
            raise CommandError("There is no firm to work for. Load one with: manage.py load_demo")
        console = Console(highlight=False)
        for name in systems.follow(settings.SANDBOX):
            console.print(f"• {name} answers at another port now; the connection follows it")
        rested = _watch(console, work_here=options["inline"], seconds=options["seconds"])
        console.print(_shown(report(), rested))


def _watch(console: Console, *, work_here: bool, seconds: float) -> bool:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, Any] = {}

        def tell(progress: job.Progress) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bar.add_task(progress.stage, total=None)
            total = progress.ended + progress.moving or None
            bar.update(tasks[progress.stage], completed=progress.ended, total=None if progress.running else total)

        return job.run(work_here=work_here, seconds=seconds, tell=tell)


def _shown(found: Report, rested: bool) -> Panel:
    posted = sum(each.entries for each in found.posted)
    first = Text(
        f"{found.read:,} time entries read from Harvest. {posted:,} are posted in NetSuite, each once; "
        f"{found.left_out:,} are left out by the route's condition (not approved yet, or internal); "
        f"{found.waiting:,} records wait for somebody."
    )
    parts: list[Any] = [first, Text(), _posted(found)]
    if found.causes:
        parts += [Text(), _causes(found.causes)]
    if not rested:
        parts += [Text(), Text("Not everything is at rest yet: workers go on by themselves.", style="yellow")]
    parts += [Text(), _where()]
    return Panel(Group(*parts), title="What happened", title_align="left", border_style="cyan")


def _posted(found: Report) -> Table:
    table = Table("Company", "Posted entries", "Hours", "Amount", title="Posted", title_justify="left", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found.posted:
        amount = f"{each.currency} {each.amount:,.2f}"
        table.add_row(each.legal_entity, f"{each.entries:,}", f"{each.hours:,.2f}", amount)
    return table


def _causes(causes: list[Cause]) -> Table:
    table = Table("Records", "Why, whose it is, and what helps", title="Waiting", title_justify="left", box=None)
    table.columns[0].justify = "right"
    for cause in causes:
        facts = f"{cause.hours:,.2f} hours, {_money(cause.money)}, with: {cause.owner}"
        words = Text.assemble(
            (f"{cause.title}. ", "bold"), f"{cause.words} {cause.remedy}".strip(), "\n", (facts, "cyan")
        )
        table.add_row(f"{cause.entries:,}", words)
    return table


def _money(amounts: Money) -> str:
    known = {currency: amount for currency, amount in sorted(amounts.items()) if amount != Decimal(0)}
    return " + ".join(f"{currency} {amount:,.2f}" for currency, amount in known.items()) or "amount not known yet"


def _where() -> Text:
    web = told(Path(settings.STATE) / "run" / "supervisor.json").get("web", "the address that `make run` shows")
    names = ", ".join(person.user_name for person in staff.STAFF)
    return Text(f"Look at it: {web}\nSign in as {names}, with {staff.told()}")
