"""From the written form to the tree, by way of Python's parser.

The tokens are written again as Python: every name becomes a placeholder, so no word of the formula reaches Python, and
the operators take Python's precedence (a chain of ^ binds from the right, -2^2 is -4, & binds weaker than +, and
comparisons weaker than &). Only the node types below are let through; anything else is refused.
"""

import ast
from decimal import Decimal

from mappings.formula import limits
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.tokens import Token, tokenize
from mappings.formula.tree import Arithmetic, Call, Comparison, Constant, Logic, Node, Path, Sign

OPERATORS = {"=": "==", "<>": "!=", "^": "**", "AND": "and", "OR": "or", "NOT": "not"}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "^",
    ast.BitAnd: "&",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None, "BLANK": None}


def parse(text: str) -> Node:
    """Return the tree of a formula.

    Raises MappingErrors with every problem of form, each with its position. Function names are not judged here.
    """
    tokens, problems = tokenize(text)
    if problems:
        raise MappingErrors(problems)
    return _Builder(text, tokens).build()


class _Builder:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.by_column: dict[int, Token] = {}  # column in the Python source → token
        self.names: dict[str, Token] = {}  # placeholder → token
        self.problems: list[SavedProblem] = []

    def build(self) -> Node:
        source = self._python()
        try:
            tree = ast.parse(source, mode="eval").body
        except SyntaxError as error:
            token = self.by_column.get((error.offset or 1) - 1, self.tokens[0])
            remedy = "Put brackets around the parts that belong together."
            self._say("This cannot be read as a formula.", remedy, token.position)
            raise MappingErrors(self.problems) from None
        self._check_depth(tree)
        node = self._node(tree)
        if self.problems:
            raise MappingErrors(self.problems)
        return node

    def _python(self) -> str:
        parts: list[str] = []
        column = 0
        for index, token in enumerate(self.tokens):
            written = self._written(token, index)
            self.by_column[column] = token
            parts.append(written)
            column += len(written) + 1
        return " ".join(parts)

    def _written(self, token: Token, index: int) -> str:
        if token.kind in ("number", "text", "path", "constant", "function", "keyword"):
            self.names[f"t{index}"] = token
            return f"t{index}"
        if token.value == ":":
            return "="
        return OPERATORS.get(token.value, token.value)

    def _check_depth(self, tree: ast.AST) -> None:
        level, depth = [tree], 0
        while level:
            depth += 1
            if depth > limits.MAX_TREE_DEPTH * 2:
                break
            level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if depth > limits.MAX_TREE_DEPTH:
            message = f"More than {limits.MAX_TREE_DEPTH} operations inside each other."
            self._say(message, "Split the formula over several fields.", self.tokens[0].position)
            raise MappingErrors(self.problems)

    def _node(self, tree: ast.AST) -> Node:
        match tree:
            case ast.Name():
                return self._leaf(self.names[tree.id])
            case ast.BinOp() if type(tree.op) in ARITHMETIC:
                position = self._operator_position(tree.left, tree.right)
                return Arithmetic(ARITHMETIC[type(tree.op)], self._node(tree.left), self._node(tree.right), position)
            case ast.Compare():
                return self._comparison(tree)
            case ast.BoolOp():
                word = "AND" if isinstance(tree.op, ast.And) else "OR"
                return Logic(word, tuple(self._node(value) for value in tree.values), self._position(tree))
            case ast.UnaryOp(op=ast.Not()):
                return Logic("NOT", (self._node(tree.operand),), self._position(tree))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                sign = "-" if isinstance(tree.op, ast.USub) else "+"
                return Sign(sign, self._node(tree.operand), self._position(tree))
            case ast.Call(func=ast.Name()):
                return self._call(tree)
        self._say("This is not part of the formula language.", "Remove it.", self._position(tree))
        return Constant(None, self._position(tree))

    def _leaf(self, token: Token) -> Node:
        if token.kind == "number":
            return Constant(Decimal(token.value), token.position)
        if token.kind == "text":
            return Constant(token.value, token.position)
        if token.kind == "constant":
            return Constant(CONSTANTS[token.value], token.position)
        return Path(token.steps, token.position)

    def _comparison(self, tree: ast.Compare) -> Node:
        position = self._operator_position(tree.left, tree.comparators[0])
        if len(tree.ops) > 1:
            remedy = "Write AND(a < b, b < c) instead of a < b < c."
            self._say("Comparisons cannot be chained.", remedy, position)
        operator = COMPARISONS.get(type(tree.ops[0]), "=")
        return Comparison(operator, self._node(tree.left), self._node(tree.comparators[0]), position)

    def _call(self, tree: ast.Call) -> Node:
        assert isinstance(tree.func, ast.Name)
        token = self.names[tree.func.id]
        if len(tree.args) + len(tree.keywords) > limits.MAX_ARGUMENTS:
            message = f"{token.value} has more than {limits.MAX_ARGUMENTS} arguments."
            self._say(message, "Put a call inside a call.", token.position)
        arguments = tuple(self._node(each) for each in tree.args)
        named: dict[str, Node] = {}
        for each in tree.keywords:
            keyword = self.names[each.arg or ""]
            if keyword.value in named:
                self._say(f"{keyword.value}: is given twice.", "Keep one of them.", keyword.position)
            named[keyword.value] = self._node(each.value)
        if token.value in ("AND", "OR") and arguments and not named:
            return Logic(token.value, arguments, token.position)
        if token.value == "NOT" and len(arguments) == 1 and not named:
            return Logic("NOT", arguments, token.position)
        return Call(token.value, arguments, token.position, named)

    def _position(self, tree: ast.AST) -> int:
        """Return where a node starts in the formula; an opening bracket before it is skipped by Python's parser."""
        column = getattr(tree, "col_offset", 0)
        token = self.by_column.get(column)
        return token.position if token else 0

    def _operator_position(self, left: ast.expr, right: ast.expr) -> int:
        """Return where the operator between two operands stands: the last operator token before the right one."""
        between = [
            token
            for column, token in self.by_column.items()
            if (left.end_col_offset or 0) <= column < right.col_offset and token.kind == "operator"
        ]
        return between[0].position if between else self._position(left)

    def _say(self, message: str, remedy: str, position: int) -> None:
        self.problems.append(SavedProblem(message, remedy, position, text=self.text))
