"""Commands that take the place of others of the same name: the first app that has one counts."""
