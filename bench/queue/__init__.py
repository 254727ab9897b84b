"""The exception queue with five million transactions: fill a database, ask the queue for its times, write them down.

Run: `make bench-queue`. What moves is written by the database itself, INSERT … SELECT from generated numbers, in the
shape in which the hub writes it; work items and their figures are made by the hub's own intake from the failures.
"""
