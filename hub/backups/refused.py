"""What keeps a backup from being made or restored, in words."""


class Refused(Exception):
    """Nothing was changed: the thing, its cause, what to do."""

    def __init__(self, thing: str, cause: str, remedy: str) -> None:
        super().__init__(f"{thing}: {cause} {remedy}")
        self.thing, self.cause, self.remedy = thing, cause, remedy

    def lines(self) -> str:
        """Return the message as it is printed in a terminal."""
        return f"{self.thing}.\n  Cause:  {self.cause}\n  Remedy: {self.remedy}"
