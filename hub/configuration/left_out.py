"""What the folder leaves out, each with its reason. A test fails for a field that is neither written nor named here."""

NUMBER = "numbers of rows differ between installations; files name things"
TRAFFIC = "moved by traffic"
HAND = "what a person does while it runs, not how it is set up"
HISTORY = "who did it when belongs to this installation and stands in its audit trail"
CONTENT = "taken from the content of the version in force"
CLOCK = "set by the hub itself, the same for every schedule"
KEPT = "kept by the scheduler as it runs"

# Fields of what is configured, by model.
FIELDS: dict[str, dict[str, str]] = {
    "governance.LegalEntity": {
        "id": NUMBER, "second_person": "decided by people of this installation, so that no file loosens it",
        "loosened_by": HISTORY,
    },
    "governance.BusinessCalendar": {"id": NUMBER},
    "governance.WeekdayHours": {"id": NUMBER},
    "governance.CalendarDay": {"id": NUMBER},
    "governance.RoleGrant": {"id": NUMBER, "granted_by": HISTORY, "granted_at": HISTORY},
    "governance.Version": {
        "id": NUMBER, "kind": "only mappings have versions that are written: of what stands in rows, the rows are",
        "number": "counted by each installation",
        "legal_entity": "the mapping's", "content_hash": "worked out from the content", "note": HISTORY,
        "publish_at": "an appointment of people of this installation",
        "rolls_back_to": HISTORY, "based_on": HISTORY, "author": HISTORY,
        "contributors": HISTORY, "created_at": HISTORY,
        "submitted_by": HISTORY, "submitted_at": HISTORY, "approved_by": HISTORY, "approved_at": HISTORY,
        "scheduled_by": HISTORY, "published_by": HISTORY, "published_at": HISTORY, "retired_by": HISTORY,
        "retired_at": HISTORY,
    },
    "connectors.Connection": {
        "id": NUMBER, "paused": HAND, "paused_reason": HAND, "breaker_state": TRAFFIC, "breaker_category": TRAFFIC,
        "breaker_message": TRAFFIC, "breaker_trips": TRAFFIC, "breaker_opened_at": TRAFFIC,
        "breaker_probe_at": TRAFFIC, "slow_until": TRAFFIC,
    },
    "connectors.MaintenanceWindow": {"id": NUMBER},
    "mappings.LookupTable": {
        "id": NUMBER, "loosened_by": HISTORY, "deletion_reason": HISTORY, "deletion_asked_by": HISTORY,
        "deletion_asked_at": HISTORY, "deleted_by": HISTORY, "deleted_at": HISTORY,
    },
    "mappings.TableRow": {
        "id": NUMBER, "key_hash": "worked out from the key", "proposed_by": HISTORY, "proposed_at": HISTORY,
        "approved_by": HISTORY, "recorded_from": HISTORY, "ended_by": HISTORY, "reason": HISTORY,
    },
    "mappings.Mapping": {
        "id": NUMBER, "title": CONTENT, "source": CONTENT, "target": CONTENT,
        "shipped": "said by the release that is installed",
    },
    "routes.Route": {"id": NUMBER},
    "routes.Destination": {"id": NUMBER},
    "exceptions_queue.CutOff": {"id": NUMBER, "changed_at": HISTORY},
    "exceptions_queue.GroupingRule": {
        "id": NUMBER, "cause": "which exception of this installation gathers", "made_by": HISTORY, "made_at": HISTORY,
        "hits": TRAFFIC, "hit_at": TRAFFIC, "unseen": "by the rights of who keeps it in this installation",
    },
    "exceptions_queue.Yardstick": {"id": "there is one", "changed_at": HISTORY},
    "exceptions_queue.Team": {"id": NUMBER},
    "exceptions_queue.ApprovalPolicy": {"id": NUMBER},
    "exceptions_queue.FallbackTeam": {"id": NUMBER},
    "exceptions_queue.RoutingRule": {"id": NUMBER, "changed_at": HISTORY},
    "routes.Subscription": {
        "id": NUMBER, "state": HAND, "state_reason": HAND, "failing_since": TRAFFIC, "failures": TRAFFIC,
        "due_at": TRAFFIC, "last_answer": TRAFFIC, "created_by": HISTORY, "created_at": HISTORY,
    },
    "django_celery_beat.PeriodicTask": {
        "id": NUMBER, "name": "made from the route", "task": CLOCK, "args": "made from the route", "kwargs": CLOCK,
        "queue": CLOCK, "exchange": CLOCK, "routing_key": CLOCK, "headers": CLOCK, "priority": CLOCK,
        "expires": CLOCK, "expire_seconds": CLOCK, "one_off": CLOCK, "start_time": CLOCK, "enabled": CLOCK,
        "solar": "no schedule of ours goes by the sun", "clocked": "no schedule of ours runs once",
        "last_run_at": KEPT, "total_run_count": KEPT, "date_changed": KEPT, "description": CLOCK,
    },
    "django_celery_beat.IntervalSchedule": {"id": NUMBER, "period": "always seconds"},
    "django_celery_beat.CrontabSchedule": {"id": NUMBER},
}  # fmt: skip

# Models of which nothing is configuration.
MODELS: dict[str, str] = {
    **dict.fromkeys(
        ("governance.User", "governance.ApiClient"),
        "accounts of people and programs belong to one installation: made there, so that nobody is let in by a file",
    ),
    "governance.ProposedSecrets": "typed with drafts, which stay in their installation",
    **dict.fromkeys(("governance.ApiUse", "governance.ApiAnswer"), TRAFFIC),
    **dict.fromkeys(
        ("governance.AuditEntry", "governance.AuditSeal", "governance.AuditHead", "governance.Keyholder"), HISTORY
    ),
    **dict.fromkeys(("connectors.ConcurrencySlot", "connectors.RateBudget", "connectors.TokenCache"), TRAFFIC),
    "mappings.CrossReference": "which id a record has in one world says nothing about another",
    "routes.Snapshot": "made from the configuration when it is used",
    **dict.fromkeys(
        (
            "routes.Doubt", "routes.ClockSight", "routes.ClockStep", "routes.InboundEvent", "routes.WebhookRefusal",
            "routes.Run", "routes.StreamCursor", "routes.Record", "routes.Payload", "routes.SourceHead",
            "routes.Transaction", "routes.Wait", "routes.Collected", "routes.Transition", "routes.Effect",
            "routes.EffectMember", "routes.EffectLink", "routes.KeyHead", "routes.Attempt", "routes.Exchange",
            "routes.OutboundEvent", "routes.Delivery", "routes.RunEnding", "routes.Tap", "routes.Failure",
            "routes.RuleWarning", "routes.DayTotal", "routes.DayCount", "routes.DayMark", "exceptions_queue.WorkItem",
            "exceptions_queue.WorkItemAmount", "exceptions_queue.WorkItemDay", "exceptions_queue.WorkItemEvent",
            "exceptions_queue.WorkItemComment", "exceptions_queue.WorkItemTag", "exceptions_queue.WorkItemWatcher",
            "exceptions_queue.Release", "exceptions_queue.Recount", "exceptions_queue.WorkItemTally",
            "exceptions_queue.WorkItemValueTally",
            "exceptions_queue.BulkRun", "exceptions_queue.BulkMember", "exceptions_queue.Merge",
            "exceptions_queue.SplitMember", "exceptions_queue.ApprovalRequest", "exceptions_queue.BulkEdit",
            "exceptions_queue.Emergency", "exceptions_queue.EmergencyDeed",
        ),
        "records on their way, and what became of them",
    ),
    "exceptions_queue.SavedView": "people's own lists of work, and those that they share with colleagues",
    "exceptions_queue.ListColumns": "which columns a person wants to see",
    "routes.Reversal": "what a person has had taken back",
    "routes.SendingBack": "what a person has sent back to its source",
    **dict.fromkeys(("routes.Overlay", "routes.OverlayEvent"), "a person's correction of one record"),
    "exceptions_queue.Hint": "what people of this installation tell each other about its causes",
    "exceptions_queue.LoosenedPolicy": "whom a policy still binds as it was: decided by people of this installation",
    "routes.ConfigurationChoice": "what was sent again with what, by whom",
    "routes.RuleWaiver": "a person's decision about one version of one record",
    "routes.PostingPeriod": "read from the target",
    "django_celery_beat.SolarSchedule": "no schedule of ours goes by the sun",
    "django_celery_beat.ClockedSchedule": "no schedule of ours runs once",
    "django_celery_beat.PeriodicTasks": KEPT,
}  # fmt: skip
