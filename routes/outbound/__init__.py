"""Events out: what happens here is told to those who subscribe, signed, in order, until they have it.

`tap` reads the history of states and writes events and deliveries, `carrying` sends them. People steer it with the
verbs in `subscribing`, `steering`, `rotating`, `redelivering` and `trying`.
"""
