"""The buttons that the forms of things with drafts have beside Save."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SubmitButton:
    """A button beside Save, as the shell draws it."""

    description: str
    action_name: str = "_draft"  # the name under which the form sends it
    icon: str = ""
    attrs: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def method(*_: object) -> None:
        """Do nothing beside saving, which is undone."""
