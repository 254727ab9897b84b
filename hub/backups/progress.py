"""How far a backup or a restore is, in bytes, in the terminal."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def bar(console: Console) -> Progress:
    """Return a bar for one step."""
    words = TextColumn("{task.description}")
    return Progress(SpinnerColumn(), words, BarColumn(), DownloadColumn(), TimeElapsedColumn(), console=console)
