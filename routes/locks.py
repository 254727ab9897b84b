"""The advisory locks of the pipeline: one number each, so that no two of them meet by chance."""

ROUTE = 7201  # with a route: one page of it at a time
EVENTS = 7202  # with a route: its pushed events keep their order
CLOCK = 7203  # one looks at the clock at a time, so that a step is noticed once
STREAM = 7204  # with a hash of connection and stream: one page enters keys of it at a time
