"""The tree of a formula: seven kinds of node, each with its position in the written form."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the formula spells out: Decimal, text, TRUE, FALSE or NULL."""

    value: Decimal | str | bool | None
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """A place in the record, step by step."""

    steps: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        """Return the path as people write it."""
        return ".".join(step if step.isidentifier() else f"[{step}]" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Sign:
    """Unary minus or plus."""

    operator: str
    operand: "Node"
    position: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """+ - * / ^ and the text operator &."""

    operator: str
    left: "Node"
    right: "Node"
    position: int  # of the operator


@dataclass(frozen=True, slots=True)
class Comparison:
    """= <> < <= > >= between two values."""

    operator: str
    left: "Node"
    right: "Node"
    position: int  # of the operator


@dataclass(frozen=True, slots=True)
class Logic:
    """AND, OR, NOT; lazy from left to right."""

    operator: str
    operands: tuple["Node", ...]
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; named ones apart."""

    name: str
    arguments: tuple["Node", ...]
    position: int
    named: dict[str, "Node"] = field(default_factory=dict)


Node = Constant | Path | Sign | Arithmetic | Comparison | Logic | Call


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below a node, in the order of writing."""
    match node:
        case Sign():
            return (node.operand,)
        case Arithmetic() | Comparison():
            return (node.left, node.right)
        case Logic():
            return node.operands
        case Call():
            return (*node.arguments, *node.named.values())
    return ()


def walk(node: Node) -> list[Node]:
    """Return a node and all nodes below it."""
    found, open_nodes = [], [node]
    while open_nodes:
        current = open_nodes.pop()
        found.append(current)
        open_nodes.extend(reversed(children(current)))
    return found
