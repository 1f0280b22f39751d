"""The shape of the house: short modules and functions, few arguments, and imports that go in no circle."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for package in ("app", "keygrid") for path in (ROOT / package).rglob("*.py"))
MOST_LINES_OF_A_MODULE = 450
MOST_LINES_OF_A_FUNCTION = 60
MOST_ARGUMENTS_OF_A_CONSTRUCTOR = 6


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def length(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1  # type: ignore[attr-defined, no-any-return]


def definitions(of: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a kind, with where it is."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, of):
                yield f"{name_of(path)}:{node.lineno}", node  # type: ignore[attr-defined]


def test_modules_are_short() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    too_long = [f"{name}: {count}" for name, count in lines.items() if count > MOST_LINES_OF_A_MODULE]
    assert not too_long, "\n".join(too_long)


def test_functions_are_short() -> None:
    """Documentation does not count."""
    too_long = []
    for place, node in definitions(ast.FunctionDef):
        documented = node.body[0] if ast.get_docstring(node) else None
        lines = length(node) - (length(documented) if documented else 0)
        if lines > MOST_LINES_OF_A_FUNCTION:
            too_long.append(f"{place} {node.name}: {lines}")
    assert not too_long, "\n".join(too_long)


def test_constructors_take_few_arguments() -> None:
    """`__init__` alone: fields of a dataclass are named where it is made."""
    too_many = []
    for place, node in definitions(ast.FunctionDef):
        taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if node.name == "__init__" and len(taken) - 1 > MOST_ARGUMENTS_OF_A_CONSTRUCTOR:
            too_many.append(f"{place}: {len(taken) - 1}")
    assert not too_many, "\n".join(too_many)


def test_no_imports_go_in_a_circle() -> None:
    graph = grimp.build_graph("app", "keygrid", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circle: list[str] = []
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert not circle, " <- ".join(circle)
