"""What a name in a formula means: a field of the record, a field of the result, or of the record around a line."""

from dataclasses import dataclass, field

CORRECTIONS = "[corrections]"  # where a record carries people's values of result fields; no path can be written so


@dataclass(slots=True)
class Scope:
    """The names that a formula may use. `results` maps the result's fields to the variables that hold them."""

    results: dict[tuple[str, ...], str] = field(default_factory=dict)  # steps → Python variable
    kinds: dict[str, str] = field(default_factory=dict)  # variable → kind, as an Atom says it
    results_first: bool = False  # rules speak of the result; formulas of the record
    known: frozenset[str] | None = None  # fields of the record, where an entity says them; None: anything
    root: str = "rec"  # variable of the record that paths start from
    outer: str = "rec"  # variable of the whole record, for `source.` within lines

    def split(self, steps: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
        """Return where a path starts: ("result", variable, further steps) or ("record", variable, steps).

        Raises LookupError(message, remedy) for a name that is not there.
        """
        first, rest = steps[0], steps[1:]
        if first == "source" and rest:
            return "record", self.outer, rest
        if first == CORRECTIONS:
            return "record", self.outer, steps
        if first == "result" and rest:
            return self._result(rest, "Use one of the fields before it: {}.")
        if self.results_first:
            return self._result(steps, f"Use source.{first} for the incoming record, or one of: {{}}.")
        if self.known is not None and first not in self.known:
            remedy = f"Use one of: {', '.join(sorted(self.known))}."
            raise LookupError(f"{first} is not a field of the record.", remedy)
        return "record", self.root, steps

    def _result(self, steps: tuple[str, ...], remedy: str) -> tuple[str, str, tuple[str, ...]]:
        for count in range(len(steps), 0, -1):
            if variable := self.results.get(steps[:count]):
                return "result", variable, steps[count:]
        names = ", ".join(".".join(each) for each in self.results) or "there is none"
        raise LookupError(f"{steps[0]} is not a field of the result at this place.", remedy.format(names))
