"""Kills and stops every process of a running hub while it works, then counts outside the hub what was lost or doubled.

It stands beside the hub and knows it from outside: the programs that the supervisor starts, the rows that say what is
still to do, and the two lists that decide: what the source has, and what the target wrote down.
"""
