"""`manage.py transactions`: how many stand in each state, and what they amount to."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.table import Table

from governance.models import LegalEntity
from hub.state_totals import STOPPED, Narrowed, totals
from hub.terminal import TerminalCommand, actor, console, money, route_named
from routes.models import Route, Transaction
from routes.states import State

STATES = [state.value for state in State] + [STOPPED]


class Command(TerminalCommand):
    help = (
        "Tells how many transactions stand in each state, with their money by currency and their hours. A record that "
        "stopped before a destination was chosen counts once, as “stopped”. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to count."""
        parser.add_argument("--route", metavar="NAME", help="only those of a route, by its short name")
        parser.add_argument("--state", choices=STATES, metavar="STATE", help=f"only one state: {', '.join(STATES)}")
        parser.add_argument("--entity", metavar="CODE", help="only those of a legal entity, such as HP-DE")
        parser.add_argument("--json", action="store_true", help="as JSON, for programs; amounts are texts")
        parser.add_argument("--by", metavar="USER", help="count only what this person may see")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count and tell."""
        by = actor(options["by"])
        seen = Transaction.objects.visible_to(by)

        def used(route: Route) -> bool:
            return seen.filter(destination__route=route).exists()

        route = route_named(by, options["route"], used=used) if options["route"] else None
        entity = LegalEntity.objects.visible_to(by).filter(code=options["entity"]).first()
        if options["entity"] and entity is None:
            codes = ", ".join(LegalEntity.objects.visible_to(by).values_list("code", flat=True)) or "there is none"
            raise CommandError(f"There is no legal entity {options['entity']}. Use one of: {codes}.")
        found = totals(by, Narrowed(route, entity, options["state"]))
        if options["json"]:
            self.stdout.write(json.dumps({"states": [each.plain() for each in found]}, ensure_ascii=False, indent=1))
            return
        table = Table("State", "Number", "Money", "Hours", "Without an amount", box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for each in found:
            without = f"{each.without_amount:,}" if each.without_amount else ""
            table.add_row(each.label, f"{each.count:,}", money(each.money), f"{each.hours:,.2f}", without)
        console().print(table if found else "There are none.")
