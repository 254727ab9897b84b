"""What the hub knows of its clock: doubts whose settle time still runs, what each machine saw last, and the steps."""

from django.db import models


class Doubt(models.Model):
    """An effect in doubt whose settle time has not provably passed, as one machine counts it by seconds of its own.

    The first machine that proves it takes the rows of all away: an effect without rows has settled, or was never in
    doubt.
    """

    pk = models.CompositePrimaryKey("effect_id", "begun", "machine")
    effect_id = models.UUIDField()
    begun = models.UUIDField()  # which time: an effect that is sent once more may come into doubt again
    machine = models.CharField(max_length=36)  # one start of one machine: only its own seconds can be compared
    since = models.FloatField()  # seconds of that machine when it knew of the doubt
    seconds = models.FloatField()  # that must pass from then on

    entity_global = "reached only through its effect, which belongs to its destination's legal entity"

    def __str__(self) -> str:
        return f"{self.effect_id} since {self.since:.0f}"


class ClockSight(models.Model):
    """What the clock and a machine's own seconds showed when that machine last looked."""

    machine = models.CharField(max_length=36, primary_key=True)
    seen_at = models.DateTimeField()  # what the clock showed
    uptime = models.FloatField()  # seconds of the machine at that moment

    entity_global = "the hub has one clock for everybody"

    def __str__(self) -> str:
        return f"{self.seen_at:%Y-%m-%d %H:%M:%S}"


class ClockStep(models.Model):
    """A step of the clock that was noticed; the doctor tells it to whoever looks after the hub."""

    noticed_at = models.DateTimeField()  # as the clock showed it after the step
    seconds = models.FloatField()  # below 0: it was set back
    moved = models.PositiveIntegerField(default=0)  # rows that would have waited for the clock to come there again

    entity_global = "the hub has one clock for everybody"

    def __str__(self) -> str:
        return f"{self.noticed_at:%Y-%m-%d %H:%M:%S} {self.seconds:+.0f} s"
