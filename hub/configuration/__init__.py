"""The firm's configuration as a folder of files: written out, compared, and put in force.

A folder for each kind of thing, a file for each thing. `kinds` lists the kinds in the order in which they build on each
other; each knows how to read its things from the database and how to put one there by the verbs that pages use too.
Nothing here keeps a secret: files name where one lies.
"""
