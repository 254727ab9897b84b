"""Connections, and the rows that pace and protect the traffic to their systems."""

from connectors.models.connection import BreakerState, Connection, MaintenanceWindow
from connectors.models.traffic import ConcurrencySlot, RateBudget, TokenCache

__all__ = ["BreakerState", "ConcurrencySlot", "Connection", "MaintenanceWindow", "RateBudget", "TokenCache"]
