"""Where generated code keeps a computed value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Atom:
    """A computed value: the variable or constant that holds it, and its kind if it is certain (and not blank)."""

    code: str
    kind: str = ""  # "number", "text", "yes/no", "date"; "": anything
    position: int = 0

    @property
    def operand(self) -> tuple[str, int]:
        """Return the value as a site keeps it."""
        return self.code, self.position
