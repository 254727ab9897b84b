"""One file of a configuration folder: the thing that it describes, and the line of everything in it."""

from dataclasses import dataclass, field

from connectors.manifest.source import Source
from hub.configuration.form import Data
from hub.configuration.mistakes import Mistake, Place, spoken
from hub.configuration.references import secret_at
from hub.configuration.resting import rests_on


@dataclass(slots=True)
class File:
    """One file: which thing it describes, and where in it what stands."""

    kind: str
    place: str  # as messages name it: "routes/time.yaml"
    value: Data
    source: Source
    name: str = ""  # which thing of its kind it is
    spoilt: set[Place] = field(default_factory=set)  # what was left out, with a mistake told
    unsound: set[Place] = field(default_factory=set)  # names what is not there, or cannot be judged by: told already

    def mistake(self, place: Place, message: str, remedy: str = "") -> Mistake:
        """Return a mistake at a place of this file."""
        return Mistake(self.place, self.source.line(place), spoken(place), message, remedy)

    def secret(self, name: str, reference: str) -> str:
        """Return the secret that lies where the file says. Raises NoSecret."""
        return secret_at(reference)

    def missing(self, kind: str, one: str, name: object) -> tuple[str, str]:
        """Return what is said where the file refers to something that is not there, and the way on."""
        return f"there is no {one} {name}.", f"Correct the name, or add a file of it to {kind}/."

    def is_spoilt(self, place: Place) -> bool:
        """Return whether what is wrong there was told already: at the place, inside it, or where it rests on."""
        told = self.spoilt | self.unsound
        return any(_meet(each, other) for each in (place, *rests_on(self.kind, place)) for other in told)


def _meet(place: Place, other: Place) -> bool:
    """Return whether one place lies in the other; the whole file is none."""
    shorter = min(len(place), len(other))
    return bool(place) and place[:shorter] == other[:shorter]
