"""Turning records into canonical ones and back: formulas, rules, tables and cross-references.

The engine is plain Python; only `models`, `tables`, `cross_references`, `batch` and `shipped` know the database.
"""

from mappings.compiled import (
    CompiledFormula,
    CompiledMapping,
    FormulaFailed,
    compile_formula,
    compile_mapping,
    with_corrections,
)
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.mapped import Mapped, Miss
from mappings.snapshot import BatchSnapshot

__all__ = [
    "BatchSnapshot",
    "CompiledFormula",
    "CompiledMapping",
    "FormulaFailed",
    "Mapped",
    "MappingErrors",
    "Miss",
    "SavedProblem",
    "compile_formula",
    "compile_mapping",
    "with_corrections",
]
