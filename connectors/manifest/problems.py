"""What is wrong with a manifest, in words for the person who writes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ManifestProblem:
    """One problem: where it is (file, line from 1, path in the document), what it is and what would be right."""

    file: str
    line: int
    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path or 'manifest'}: {self.message} {self.remedy}".strip()


class ManifestErrors(Exception):
    """Every problem of one or more manifests; nothing of them was applied."""

    def __init__(self, problems: list[ManifestProblem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
