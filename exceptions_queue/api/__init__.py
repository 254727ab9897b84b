"""The HTTP doors that need a transaction's story, a run's money or the work items."""
