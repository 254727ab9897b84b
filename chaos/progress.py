"""What the person at the terminal sees while a run goes on."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chaos.books import Standing
from chaos.mischief import Mischief

console = Console(stderr=True, highlight=False)  # the line of JSON alone goes to standard output


class Display:
    """One bar for each write class."""

    def __init__(self, classes: list[str], entries: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"), BarColumn(), TextColumn("{task.completed}/{task.total} at rest"),
            TimeElapsedColumn(), TextColumn("{task.fields[words]}"), console=console,
        )  # fmt: skip
        self._tasks = {name: self._progress.add_task(name, total=entries, words="") for name in classes}

    def show(self, write_class: str, standing: Standing, mischief: Mischief) -> None:
        """Show how far a class is."""
        failed, unknown = standing.states.get("failed", 0), standing.states.get("unknown", 0)
        words = f"{failed} with people, {unknown} unknown now, {standing.unknowns} ever; {mischief.kills} kills"
        self._progress.update(
            self._tasks[write_class], completed=standing.posted + failed, words=f"{words}, {mischief.stops} stops"
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
