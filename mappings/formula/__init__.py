"""The formula language: written form → tokens → tree → Python statements.

Pure Python: knows nothing of Django, tables or vendors. What a function does lives in `mappings.functions`.
"""
