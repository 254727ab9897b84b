"""The firm's sixty consultants. The names are invented."""

from dataclasses import dataclass

from sandbox.firm.catalogue import PRACTICES, ROLES, cost_center

_NAMES = {
    "HP-DE": (
        "Jonas Weber, Katharina Lindner, Matthias Vogt, Svenja Petersen, Tobias Krämer, Leonie Hartmann, Emre Yildiz, "
        "Franziska Baumann, Niklas Schröder, Aylin Demir, Henning Brandt, Paula Reinhardt, Stefan Kowalski, "
        "Mareike Jansen, Lukas Fiedler, Carolin Seidel, Anton Pohl, Isabel Moreno, Florian Dietrich, Ronja Albers, "
        "Daniel Okafor, Theresa Winkler, Philipp Haas, Milena Novak, Gregor Thiele, Judith Ackermann"
    ),
    "HP-US": (
        "Megan Holloway, Andre Whitfield, Priya Raman, Caleb Sorensen, Danielle Reyes, Marcus Ellington, "
        "Hannah Brooks, Victor Nguyen, Olivia Carmichael, Jamal Hendricks, Rachel Stein, Tyler McAllister, "
        "Sofia Delgado, Ethan Kowalczyk, Grace Whitaker, Nathan Osei, Lauren Pike, Samuel Adeyemi, Brooke Tanner"
    ),
    "HP-GB": (
        "Imogen Clarke, Rhys Davies, Amara Okonkwo, Callum Fraser, Harriet Bell, Zain Malik, Eleanor Marsh, "
        "Oliver Pemberton, Niamh Gallagher, George Ashworth, Leila Rahimi, Thomas Wycliffe, Beatrice Lowell, "
        "Dev Chatterjee, Fiona Mackay"
    ),
}
# How roles spread over a company: mostly consultants, few principals.
_LADDER = (1, 2, 0, 2, 3, 1, 0, 2, 1, 4, 3, 2, 1, 0, 2, 1, 3, 2, 1, 0, 2, 4, 1, 2, 3, 0)
_PART_TIME = {"Svenja Petersen": 32, "Mareike Jansen": 24, "Rachel Stein": 32, "Harriet Bell": 24, "Fiona Mackay": 32}
_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "."})
NEW_HIRE = "Brooke Tanner"  # whom nobody has given a cost center yet


@dataclass(frozen=True)
class Worker:
    """A consultant. `cost_center` is empty where the firm forgot it; `days_off` are weekdays (0 = Monday)."""

    code: str
    first_name: str
    last_name: str
    legal_entity: str
    role: str
    practice: str
    cost_center: str
    weekly_hours: int

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        """The work address, by which the systems recognise the person."""
        plain = self.name.lower().translate(_PLAIN)
        return f"{plain}@halden-partner.example"

    @property
    def days_off(self) -> frozenset[int]:
        """Weekdays on which a part-timer never works."""
        return {40: frozenset[int](), 32: frozenset({4}), 24: frozenset({0, 4})}[self.weekly_hours]


def _hire() -> tuple[Worker, ...]:
    workers: list[Worker] = []
    practices = list(PRACTICES)
    for legal_entity, names in _NAMES.items():
        for place, name in enumerate(names.split(", ")):
            first, last = name.split(" ", 1)
            practice = practices[place % len(practices)]
            center = "" if name == NEW_HIRE else cost_center(legal_entity, practice)
            role = ROLES[_LADDER[place]]
            code = f"W-{1001 + len(workers)}"
            hours = _PART_TIME.get(name, 40)
            workers.append(Worker(code, first, last, legal_entity, role, practice, center, hours))
    return tuple(workers)


WORKERS = _hire()
