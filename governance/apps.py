"""Registers the governance application, and what is asked before a first encryption key is made."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "governance"

    def ready(self) -> None:
        """Let no first key be made beside secrets that another one has sealed."""
        from governance import keys, rotation

        if rotation.require_none_in_use not in keys.first_key_asks:
            keys.first_key_asks.append(rotation.require_none_in_use)
