"""`manage.py resubmit`: sends what stopped through again, once its cause is gone, by the verb that the page uses."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.text import Text

from canonical.failure import Category
from exceptions_queue import releasing, verbs, words
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.tasks import nudge_release
from governance import audit
from governance.models import LegalEntity, User
from governance.rights import NotAllowed
from hub.terminal import TerminalCommand, confirmed, console, money, named_user, refuse, route_named

AT_ONCE = 5.0  # seconds that the command itself works on an item; workers do the rest


class Command(TerminalCommand):
    help = (
        "Sends stopped records and transactions through again, from what is stored of them, with the configuration of "
        "now. Name work items by their numbers, or choose open ones by --route, --category and --entity. It says what "
        "it would do first, and asks; what stops again is a new failure of the same or another item."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to send again, who does it and why."""
        parser.add_argument("items", nargs="*", type=int, metavar="ITEM", help="numbers of work items")
        parser.add_argument("--route", metavar="NAME", help="open items of a route, by its short name")
        kinds = [each.value for each in Category]
        parser.add_argument(
            "--category", choices=kinds, metavar="KIND", help=f"open items of a kind: {', '.join(kinds)}"
        )
        parser.add_argument("--entity", metavar="CODE", help="open items of a legal entity, such as HP-DE")
        parser.add_argument("--by", required=True, metavar="USER", help="who does it: their rights count")
        parser.add_argument("--reason", required=True, help="one sentence for those who read the history later")
        parser.add_argument("--as-then", action="store_true", help="with the configuration of then instead of now")
        parser.add_argument(
            "--with-version", metavar="MAPPING@VERSION",
            help="with a published version of a mapping, such as ledger-time-out@2, instead of the one in force",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="only say what would be sent again")
        parser.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, show, ask, do."""
        by = named_user(options["by"])
        if not options["reason"].strip():
            raise CommandError("The reason is empty. Write one sentence for those who read the history later.")
        if options["as_then"] and options["with_version"]:
            raise CommandError("Choose one of --as-then and --with-version.", returncode=2)
        chosen = any(options[name] for name in ("route", "category", "entity"))
        if bool(options["items"]) == chosen:
            raise CommandError(
                "Say what to send again: either numbers of work items, or --route, --category or --entity.",
                returncode=2,
            )
        found = self._found(by, options)
        members = sum(item.members for item in found)
        out = console()
        for item in found:
            worth = money({each.currency: each.amount for each in item.amounts.all()})
            about = f"{item.members:,} waiting{f', {worth}' if worth else ''}, {item.legal_entity.code}"
            title = words.title_for(item, masks_of(rights_in(by, item.legal_entity_id)), by)
            out.print(Text(f"{item.number}  {title}: {about}"))
        what = f"{members:,} waiting in {len(found):,} work {'item' if len(found) == 1 else 'items'}"
        if options["dry_run"] or not found:
            out.print(
                f"Nothing was done. {what} would be sent again." if found else "There is nothing open to send again."
            )
            return
        if not options["yes"] and not confirmed(f"Send what is waiting again: {what}?"):
            raise CommandError("Nothing was sent again: it was not agreed to. Give --yes to do it without being asked.")
        self._do(found, by, options)

    def _found(self, by: User, options: dict[str, Any]) -> list[WorkItem]:
        open_ = WorkItem.objects.visible_to(by).open().select_related("legal_entity", "connection")
        open_ = open_.prefetch_related("amounts")
        if options["items"]:
            found = list(open_.filter(number__in=options["items"]).order_by("number"))
            missing = sorted(set(options["items"]) - {item.number for item in found})
            if missing:
                numbers = ", ".join(map(str, missing))
                raise CommandError(
                    f"There is no open work item {numbers} that {by} may see. The exceptions' page lists the open "
                    "ones; nothing was sent again."
                )
            return found
        if options["route"]:
            seen = open_
            route = route_named(by, options["route"], used=lambda route: seen.filter(route_id=route.pk).exists())
            open_ = open_.filter(route_id=route.pk)
        if options["category"]:
            open_ = open_.filter(category=options["category"])
        if options["entity"]:
            entity = LegalEntity.objects.visible_to(by).filter(code=options["entity"]).first()
            if entity is None:
                raise CommandError(f"There is no legal entity {options['entity']} that {by} may see.")
            open_ = open_.filter(legal_entity=entity)
        return list(open_.filter(members__gt=0).order_by("number"))

    def _do(self, found: list[WorkItem], by: User, options: dict[str, Any]) -> None:
        refused: list[str] = []
        configuration = options["with_version"] or ("then" if options["as_then"] else "now")
        for item in found:
            try:
                with audit.through("command"):
                    done = verbs.resubmit(item, by=by, reason=options["reason"], configuration=configuration)
            except (NotAllowed, verbs.NotPossible) as error:
                refused.append(f"{item.number}: {error}")
                continue
            assert isinstance(done, Release)
            if releasing.work(seconds=AT_ONCE, release=done.pk):
                nudge_release(done.pk)
            done.refresh_from_db()
            left = item.failures().count()
            rest = "" if done.done_at else " Workers go on with the rest."
            again = f"; {left:,} stopped again" if left and done.done_at else ""
            console().print(f"{item.number}: {max(0, done.asked - left):,} went on{again}.{rest}")
        if refused:
            number = len(refused)
            refuse(f"{number} of {len(found)} {'was' if number == 1 else 'were'} not sent again.", refused)
