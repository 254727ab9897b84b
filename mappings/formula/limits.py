"""How large a formula, a mapping and their values may grow. All of them are checked, none is advice."""

import decimal
from decimal import Decimal

MAX_LENGTH = 4_000  # characters of one formula
MAX_TOKENS = 600  # tokens of one formula
MAX_DEPTH = 40  # brackets and prefix operators inside each other, checked before Python's parser sees the text
MAX_TREE_DEPTH = 100  # levels of the parsed tree; a chain of 100 additions is as deep as 100 brackets
MAX_ARGUMENTS = 30  # of one call
MAX_DIGITS = 28  # of a number, written or arriving
MAX_LITERAL_TEXT = 1_000  # characters of one text constant
MAX_PATH_STEPS = 12
MAX_FIELDS = 500  # field rules and rules of one mapping
MAX_NAME = 200  # characters of the name of a mapping, as the column
MAX_SIDE = 120  # characters of its system and stream together, as the column
MAX_LINES = 10_000  # lines that one `each` builds from one record
MAX_TEXT = 100_000  # characters of a text made at run time
MAX_SEARCH = 10_000_000  # characters of a text times steps of the regular expression: a tenth of a second
MAX_LIST = 10_000  # values of a list that a function reads
MAX_POWER = 100  # exponent of ^, either sign

# Largest number that a field takes: beyond it lies a mistake, not money.
LARGEST = Decimal(10) ** 18
FINEST = -100  # power of ten of the smallest number that a field takes; what a division leaves behind is far above

# The one decimal context of every formula: 28 digits; steps between round half to even (no bias); overflow, division
# by zero and NaN raise. ROUND and the money fields round half away from zero, as finance and spreadsheets do.
CONTEXT = decimal.Context(
    prec=MAX_DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-100,
    Emax=100,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
