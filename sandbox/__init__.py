"""Simulated systems with memory that speak the vendors' protocols. Imports nothing of the hub."""
