"""Who else had what opens an account, and when: the database writes it down as it changes.

`User.credentials_set_by` says who counts as an account's owner now. What was written meanwhile stays theirs, for good.
"""

from django.db import models

from governance.models.people import User


class Keyholder(models.Model):
    """Somebody who had set what opens another's account, for as long as the owner had not set it anew."""

    account = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    reference = models.CharField(max_length=100)  # actor reference: "person:12"
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)  # none: still

    entity_global = "of accounts, and a person may work for several legal entities"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="keyholder_once", fields=["account", "reference"], condition=models.Q(until__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference} for {self.account_id}"
