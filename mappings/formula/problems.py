"""What can be wrong with a formula: found when it is saved, or found when it runs."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SavedProblem:
    """One mistake in a formula or mapping that is being saved; all of them are reported at once."""

    message: str  # thing and cause
    remedy: str  # what to type instead
    position: int | None = None  # character in the formula, from 0
    path: str = ""  # place in the mapping: "fields[3].formula"
    file: str = ""
    line: int | None = None  # line of the file, from 1
    text: str = ""  # the formula, so that line and column can be told
    in_form: str = ""  # message and remedy where rows are filled in, and not written; {other} is that place
    other: str = ""  # another place in the mapping that it is about: "fields[0]"

    @property
    def row_and_column(self) -> tuple[int, int] | None:
        """Return line and column inside the formula, both from 1; None where no formula is meant."""
        if self.position is None:
            return None
        before = self.text[: self.position]
        return before.count("\n") + 1, self.position - (before.rfind("\n") + 1) + 1

    def at(self, *, path: str = "", file: str = "", line: int | None = None) -> "SavedProblem":
        """Return the same problem, placed in a mapping or a file."""
        return replace(self, path=path or self.path, file=file or self.file, line=line or self.line)

    def __str__(self) -> str:
        """Return file, line, path, column, message and remedy in one line."""
        place = [f"{self.file}:{self.line}" if self.line else self.file, self.path]
        if (where := self.row_and_column) is not None:
            place.append(f"line {where[0]}, column {where[1]}")
        prefix = ", ".join(part for part in place if part)
        return f"{prefix}: {self.message} {self.remedy}" if prefix else f"{self.message} {self.remedy}"


class MappingErrors(ValueError):
    """Carries every problem of a formula or mapping that was refused; nothing of it was applied."""

    def __init__(self, problems: list[SavedProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnacceptableError(Exception):
    """A value that an operation cannot take. Raised by functions; the engine adds field and position."""

    def __init__(self, message: str, *, value: object = None, accepted: str = "", shape: bool = False) -> None:
        self.shape = shape  # the record has not the agreed form, rather than a wrong value in it
        self.message, self.value, self.accepted = message, value, accepted
        super().__init__(message)
