"""The nouns of movement.

Configuration (routes, destinations, snapshots) has foreign keys that the database enforces. The hot tables (records,
payloads, transactions, transitions, effects, heads) refer to each other without enforced keys: a row's parent is
written in the same commit, and a trigger per row and key would cost more than the row itself.
"""

from routes.models.clock import ClockSight, ClockStep, Doubt
from routes.models.configuration import ConfigurationChoice, Destination, Route, Snapshot
from routes.models.inbound import InboundEvent, WebhookRefusal
from routes.models.ledger import Attempt, Effect, EffectLink, EffectMember, Exchange, KeyHead
from routes.models.movement import (
    Collected,
    Payload,
    Record,
    Run,
    SourceHead,
    StreamCursor,
    Transaction,
    Transition,
    Wait,
)
from routes.models.outbound import Delivery, OutboundEvent, RunEnding, Subscription, Tap
from routes.models.overlay import Ended, Happened, Overlay, OverlayEvent
from routes.models.reversal import Reversal
from routes.models.sending_back import SendingBack, SendingBackState
from routes.models.totals import DayCount, DayMark, DayTotal
from routes.models.trouble import Failure, PostingPeriod, RuleWaiver, RuleWarning

__all__ = [
    "Attempt",
    "ClockSight",
    "ClockStep",
    "Collected",
    "ConfigurationChoice",
    "DayCount",
    "DayMark",
    "DayTotal",
    "Delivery",
    "Destination",
    "Doubt",
    "Effect",
    "EffectLink",
    "EffectMember",
    "Ended",
    "Exchange",
    "Failure",
    "Happened",
    "InboundEvent",
    "KeyHead",
    "OutboundEvent",
    "Overlay",
    "OverlayEvent",
    "Payload",
    "PostingPeriod",
    "Record",
    "Reversal",
    "Route",
    "RuleWaiver",
    "RuleWarning",
    "Run",
    "RunEnding",
    "SendingBack",
    "SendingBackState",
    "Snapshot",
    "SourceHead",
    "StreamCursor",
    "Subscription",
    "Tap",
    "Transaction",
    "Transition",
    "Wait",
    "WebhookRefusal",
]
