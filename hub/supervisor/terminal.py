"""What the person at the terminal sees: steps as they are taken, trouble in words, where to look at the end."""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.supervisor.problems import CannotStart

console = Console(highlight=False)


def step(text: str) -> None:
    """Tell one step."""
    console.print(Text("• ", style="cyan") + Text(text))


def trouble(text: str) -> None:
    """Tell something that went wrong and that the supervisor deals with by itself."""
    console.print(Text("! ", style="bold yellow") + Text(text))


def refuse(problem: CannotStart) -> None:
    """Tell why the hub does not start."""
    body = Text.assemble(("Cause:  ", "bold"), problem.cause, "\n", ("Remedy: ", "bold"), problem.remedy)
    console.print(Panel(body, title=Text(problem.thing, style="bold red"), title_align="left", border_style="red"))


def ready(url: str, lines: dict[str, str], seconds: float) -> None:
    """Tell that the hub serves at `url`; `lines` say where to look for what."""
    first = Text.assemble((url, "bold green underline"), f"   (up after {seconds:.1f} s)\n")
    signs = Table.grid(padding=(0, 2))
    for what, where in lines.items():
        signs.add_row(Text(what, style="bold"), Text(where))
    console.print(Panel(Group(first, signs), title="Throughline is running", title_align="left", border_style="green"))
    console.print("Ctrl-C stops all of it; the next start continues where this one ended.")
