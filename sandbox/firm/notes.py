"""What consultants write beside their hours: composed from what the project is about and what the task does."""

import random

_TOPICS = {
    "Finance": (
        "accruals", "intercompany postings", "the chart of accounts", "cost allocations", "month-end close steps",
        "the approval matrix", "open item clearing", "segment reporting", "tax codes", "fixed asset transfers",
        "revenue cut-off", "the management report",
    ),
    "Data": (
        "the ingestion jobs", "customer master duplicates", "late-arriving records", "the semantic layer",
        "data quality rules", "lineage of the KPI set", "the forecast features", "row-level access",
        "the reconciliation report", "historisation", "the sensor feed", "dashboard load times",
    ),
    "Cloud": (
        "the landing zone", "network peering", "backup and restore", "cost tagging", "the deployment pipeline",
        "secrets handling", "the cut-over runbook", "single sign-on", "firewall rules", "container images",
        "monitoring alerts", "disaster recovery",
    ),
    "Operations": (
        "the planning calendar", "safety stock levels", "shift handover", "the exception list", "supplier lead times",
        "the escalation path", "capacity per site", "goods receipt", "the pilot region", "service levels",
        "the dispatch board", "returns handling",
    ),
}  # fmt: skip
_PHRASES = {
    "ANL": (
        "Analysed {topic} with sample data from {month}", "Gap analysis: {topic}", "As-is walkthrough of {topic}",
        "Followed up on deviations in {topic}", "Interviewed {who} about {topic}", "Root cause of issues with {topic}",
    ),
    "DSG": (
        "Target design for {topic}", "Options paper on {topic}, second draft", "Data model: {topic}",
        "Design review of {topic} with {who}", "Concept for {topic} incl. roles", "Reworked design of {topic}",
    ),
    "BLD": (
        "Configured {topic}", "Implemented changes to {topic}", "Built and unit-tested {topic}",
        "Fixed defects in {topic}", "Migration scripts for {topic}", "Pairing on {topic}", "Refactored {topic}",
    ),
    "TST": (
        "Test cases for {topic}", "Regression run: {topic}", "UAT support, {topic}", "Retest of defects in {topic}",
        "Prepared test data for {topic}", "Performance check of {topic}",
    ),
    "WRK": (
        "Workshop with {who}: {topic}", "Prepared workshop on {topic}", "Follow-up and minutes, {topic}",
        "Decision meeting with {who} on {topic}", "Whiteboard session: {topic}",
    ),
    "PMO": (
        "Status report and risks", "Steering committee preparation", "Weekly with {who}", "Replanned {topic}",
        "Resource planning for next sprint", "Change request: {topic}", "Budget tracking and forecast",
    ),
    "TRN": (
        "Key user training: {topic}", "Training material on {topic}", "Q&A session with {who} on {topic}",
        "Coached {who} on {topic}",
    ),
    "DOC": (
        "Documented {topic}", "Runbook update: {topic}", "Hand-over notes for {topic}", "Wiki pages on {topic}",
    ),
    "AIE": (
        "Prompt library for {topic}", "Assistant pilot: {topic}", "Evaluated model answers on {topic}",
        "Guard rails for the assistant on {topic}",
    ),
    "INT": (
        "Team meeting", "Internal training", "Proposal support", "Recruiting interviews", "Knowledge sharing session",
        "Appraisal talks", "Time sheets and expenses",
    ),
}  # fmt: skip
_WHO = (
    "the controlling team", "IT operations", "the plant lead", "accounts payable", "the product owner",
    "internal audit", "the data office", "key users", "the shared service center", "the vendor", "the CFO's office",
)  # fmt: skip
_TAILS = ("", "", "", "", " (remote)", " (on site)", ", part 2", " - waiting for feedback", ", see ticket #{number}")
_MONTHS = ("January", "March", "June", "Q2", "last quarter", "the last close")


def write(draw: random.Random, practice: str, task: str) -> str:
    """Return one believable work note."""
    text = draw.choice(_PHRASES[task]) + draw.choice(_TAILS)
    return text.format(
        topic=draw.choice(_TOPICS[practice]),
        who=draw.choice(_WHO),
        month=draw.choice(_MONTHS),
        number=draw.randint(118, 2960),
    )
