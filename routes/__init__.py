"""The switchboard: routes, runs, records, transactions, effects and the pipeline."""
