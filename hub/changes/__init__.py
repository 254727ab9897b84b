"""Changes of connections, routes, schedules and calendars: drafts of them, approved, put in force and brought back.

What is in force stands in the rows, as ever. A version (`governance.versions`) holds a thing's document, the same that
the folder of files has; to put one in force is to put its document into the rows by the kinds of `hub.configuration`.
"""
