"""What every kind of configuration can do: say what is here, compare it with a file, put that in force, take it out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from governance.actor import By
from hub.configuration import form, naming
from hub.configuration.differences import Difference, differences
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.work import Work


@dataclass(frozen=True, slots=True)
class Put:
    """What came of putting a file in force."""

    notes: tuple[str, ...] = ()  # in words, beside what differs
    changed: bool = True  # False: all that is left to do waits for another person


class Kind(ABC):
    """One kind of thing. A thing's name is the same in every installation; numbers of rows are never written."""

    folder = ""  # in the export, and the schema's name
    one = ""  # what people call one of them
    key: tuple[str, ...] = ()  # the fields that name it

    def name_of(self, value: Data) -> str:
        """Return the name of the thing that a document describes; "" where that is missing."""
        parts = [value.get(name) for name in self.key]
        return "" if not parts[0] else " ".join(str(part) for part in parts if part)

    def kept(self, by: By) -> dict[str, Data]:
        """Return what is here and visible to somebody, by name, each in its canonical writing."""
        found = (form.canonical(self.folder, each) for each in self.rows(by))
        return {self.name_of(each): each for each in sorted(found, key=self.name_of)}

    @abstractmethod
    def rows(self, by: By) -> list[Data]:
        """Return what is here and visible to somebody, as files have it."""

    def bare(self, by: By) -> list[Data]:
        """Return the same without what has doors of its own in the API."""
        return self.rows(by)

    def compared(self, here: Data, wanted: Data) -> list[Difference]:
        """Return in words what a file would change; nothing where both say the same."""
        return differences(self.folder, here, wanted)

    def in_order(self, files: list[File]) -> list[File]:
        """Return files so that what builds on another comes after it."""
        return files

    @abstractmethod
    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make the thing that a file describes, or change the one that is here."""

    @abstractmethod
    def remove(self, work: Work, name: str) -> None:
        """Take a thing out of force that the folder does not have."""

    def stays(self, name: str, here: Data) -> str:
        """Return why a thing that the folder does not have stays even when told to remove it; "" where it goes."""
        return ""


class NamedFreely(Kind):
    """A kind whose things people name as they like, for one company or for all: blanks in a name tell nothing apart."""

    def name_of(self, value: Data) -> str:
        """Return the name of the thing and its company's code, apart; "" where the name is missing."""
        name, company = (str(value.get(each) or "") for each in self.key)
        return name and naming.written(name, company)


class NamedInCompany(Kind):
    """A kind whose things people name as they like, each for one company, whose code stands before the name."""

    def name_of(self, value: Data) -> str:
        """Return the company's code and the thing's name; apart where the code, one of an older release, has a blank:
        “DE Payroll” of HP and “Payroll” of HP DE are two.
        """
        company, name = (str(value.get(each) or "") for each in self.key)
        return naming.written(name, company) if company and " " in company else super().name_of(value)
