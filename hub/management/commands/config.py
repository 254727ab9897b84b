"""`manage.py config`: the firm's configuration as a folder of files, to keep, compare and take elsewhere."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from textwrap import fill
from typing import Any

from django.core.management.base import CommandError
from rich.text import Text

from governance.actor import ENGINE
from hub.configuration import folder, naming, plan
from hub.configuration.folder import NotAFolder
from hub.configuration.kinds import KINDS
from hub.configuration.mistakes import Mistakes
from hub.configuration.references import placed_references, references_of
from hub.configuration.work import Action, Step
from hub.terminal import TerminalCommand, confirmed, console, named_user, refuse

MARKS = {  # sign and colour of each action
    Action.CREATE: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.WAIT: ("…", "cyan"),
    Action.REMOVE: ("-", "red"),
    Action.WOULD_REMOVE: ("(-)", "magenta"),
    Action.STAY: ("=", ""),
}
MOST_WORDS = 50  # lines about one thing
DONE = {
    Action.CREATE: "created", Action.CHANGE: "changed", Action.LEAVE: "left as they are", Action.WAIT: "waiting",
    Action.REMOVE: "removed", Action.WOULD_REMOVE: "not in the folder and left", Action.STAY: "kept",
}  # fmt: skip
KEPT = fill(f"Keeps what is configured as YAML files: {', '.join(KINDS).replace('_', ' ')}. A folder for each kind, a "
            "file for each thing.", 118)  # fmt: skip
ABOUT = f"""\
{KEPT}

  export   writes the files; the same configuration gives the same bytes, so a folder fits into version control
  diff     says in words what a folder and this installation have different; changes nothing
  apply    shows what it would do, asks, and does all of it or nothing

Secrets never stand in the files. Where one is needed a file says where it lies: env:NAME or file:/its/path.
Things that the folder lacks stay, and so do files of things that are not here, unless --prune says
otherwise. See docs/admin.md, "From sandbox to production".
"""


class Command(TerminalCommand):
    help = ABOUT

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and with which folder."""
        todo = parser.add_subparsers(dest="todo", required=True, metavar="export|diff|apply")
        export = todo.add_parser("export", help="write the configuration of this installation into FOLDER")
        diff = todo.add_parser("diff", help="say what FOLDER and this installation have different")
        apply = todo.add_parser("apply", help="make this installation as FOLDER says, after showing the plan")
        for each in (export, diff, apply):
            each.add_argument("folder", type=Path, metavar="FOLDER")
            each.add_argument(
                "--only", nargs="+", choices=list(KINDS), default=[], metavar="KIND", help=f"only: {', '.join(KINDS)}"
            )
        export.add_argument("--prune", action="store_true", help="remove files of things that are not here, too")
        diff.add_argument("--exit-code", action="store_true", help="end with 1 when anything is different, for CI")
        apply.add_argument(
            "--by",
            required=True,
            metavar="USER",
            help="who does it: their rights count, and the audit trail names them",
        )
        apply.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal")
        apply.add_argument("--prune", action="store_true", help="remove what the folder does not have, too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; everything foreseeable is said on stderr and ends with 1."""
        try:
            getattr(self, options["todo"])(options)
        except (NotAFolder, plan.PlanChanged) as error:
            raise CommandError(str(error)) from None
        except Mistakes as mistakes:
            number = len(mistakes.found)
            refuse(
                f"{number} {'mistake' if number == 1 else 'mistakes'}; nothing was applied. Correct "
                f"{'it' if number == 1 else 'them'} and give the command again.",
                map(str, mistakes.found),
            )

    def export(self, options: dict[str, Any]) -> None:
        """Write the files."""
        things = plan.everything(ENGINE, tuple(options["only"]))
        try:
            placed_references(options["folder"], things)
            done = folder.write(options["folder"], things, prune=options["prune"])
        except OSError as error:
            raise CommandError(
                f"{error.filename or options['folder']} cannot be written: {error.strerror or error}. Name another "
                "folder, or give the account that runs this the right to write there; what was written stays."
            ) from None
        out = console()
        for sign, places in (("+", done.new), ("~", done.changed), ("-", done.removed), ("(-)", done.left)):
            for place in places:
                out.print(Text(f"{sign} {place}"))
        number = sum(len(each) for each in things.values())
        out.print(
            f"{number} {'thing is' if number == 1 else 'things are'} in {options['folder']}. Files: "
            f"{len(done.new)} new, {len(done.changed)} changed, {len(done.removed)} removed, {done.same} as they were."
        )
        if done.left:
            out.print(
                "What is marked (-) describes things that are not here: deleted, or still to be applied. It stays; "
                "with --prune it would be removed."
            )
        self._tell_secrets(things)

    def _tell_secrets(self, things: dict[str, Any]) -> None:
        places = sorted({holder[name]["secret"] for holder, name in references_of(things)})
        if places:
            console().print(
                f"Where it is applied, secrets that are not there yet are expected in: {', '.join(places)}."
            )

    def diff(self, options: dict[str, Any]) -> None:
        """Compare."""
        found = plan.compare(folder.read(options["folder"], options["only"]), by=ENGINE)
        different = [step for step in found if step.action != Action.LEAVE]
        _show(
            different,
            {Action.CREATE: "only in the folder", Action.CHANGE: "different", Action.WOULD_REMOVE: "only here"},
        )
        console().print(
            f"{len(different)} of {len(found)} things are different."
            if different
            else f"All {len(found)} things are the same."
        )
        if different and options["exit_code"]:
            sys.exit(1)

    def apply(self, options: dict[str, Any]) -> None:
        """Show the plan, ask, do it."""
        by, prune = named_user(options["by"]), options["prune"]
        read = folder.read(options["folder"], options["only"])
        if prune and read.is_empty and not read.mistakes:
            raise CommandError(
                f"{options['folder']} describes nothing, and --prune would remove everything. Name another folder, or "
                "remove things by themselves in the administration."
            )
        steps = plan.plan(read, by=by, prune=prune)
        _show([step for step in steps if step.action != Action.LEAVE])
        if not prune and any(step.action == Action.WOULD_REMOVE for step in steps):
            console().print(
                Text("What is marked (-) is not in the folder. It stays; with --prune it would be removed.")
            )
        active = {Action.CREATE, Action.CHANGE, Action.REMOVE}
        if not any(step.action in active for step in steps):
            console().print(f"Nothing to apply: {_counted(steps)}.")
            return
        if not options["yes"] and not confirmed(f"Apply this to {_counted(steps)}?"):
            raise CommandError("Nothing was applied: it was not agreed to. Give --yes to apply without being asked.")
        done = plan.apply(folder.read(options["folder"], options["only"]), by=by, prune=prune, expected=steps)
        console().print(f"Applied: {_counted(done)}.")


def _show(steps: list[Step], called: dict[Action, str] | None = None) -> None:
    out = console()
    for step in steps:
        sign, colour = MARKS[step.action]
        action = (called or {}).get(step.action, step.action.value)
        out.print(Text(f"{sign} {action} {step.one} {naming.spoken(step.name)}", style=colour))
        for words in step.words[:MOST_WORDS]:
            out.print(Text(f"    {words}"))
        if len(step.words) > MOST_WORDS:
            out.print(f"    and {len(step.words) - MOST_WORDS:,} more")


def _counted(steps: list[Step]) -> str:
    counts = {action: sum(step.action == action for step in steps) for action in Action}
    return ", ".join(f"{counts[action]} {words}" for action, words in DONE.items() if counts[action])
