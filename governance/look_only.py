"""Pages of the admin on which rows are only looked at."""


class LookOnly:
    """Shows rows; they are changed by verbs elsewhere, or never."""

    def has_add_permission(self, *_: object) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission
