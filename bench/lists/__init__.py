"""Lists with a million transactions: fill a database, ask every list and page for its time, write down what was found.

Run: `make bench-lists`. The rows are written by COPY, in the shape in which the hub writes them; work items and their
figures are made by the hub's own intake from the failures, and audit entries are sealed by the database.
"""
