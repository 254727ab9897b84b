"""The line by which the list of work items is narrowed: how it is written, which words it has, what they mean.

`line` reads and writes it and knows no word; `values` reads what stands behind a word; `words` is the table of words;
`compiled` says which items a line means to somebody.
"""
