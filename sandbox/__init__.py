"""Simulated systems with memory that speak the vendors' protocols; stands alone and knows nothing of the hub."""
