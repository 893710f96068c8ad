"""A class or a function as Markdown, read off its source: nothing is imported, so a build costs nothing."""

import ast
import inspect
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef
ADDRESS = re.compile(r"(?<![<(])https?://[^\s,;)]*[^\s,;:.)]")


def find(name: str) -> tuple[ast.ClassDef | ast.FunctionDef, ast.Module]:
    """What a dotted name means, and its module."""
    module, _, own = name.rpartition(".")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == own:
            return node, tree
    raise LookupError(f"{module} has no {own}; a page of docs/ names it")


def words(node: ast.ClassDef | Function | ast.Module) -> str:
    """Its docstring with addresses that can be clicked."""
    return ADDRESS.sub(lambda address: f"<{address[0]}>", inspect.cleandoc(ast.get_docstring(node) or ""))


def signature(node: Function, name: str | None = None) -> str:
    arguments = re.sub(r"^self(, )?(/, )?", "", ast.unparse(node.args))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    return f"{name or node.name}({arguments}){returns}".replace("'", '"')


def broken(call: str, width: int = 84) -> str:
    """A call of more than `width` letters with a line for each argument."""
    name, _, rest = call.partition("(")
    arguments, _, after = rest.rpartition(")")
    if len(call) <= width or not arguments:
        return call
    parts, depth = [""], 0
    for letter in arguments:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return "\n".join([f"{name}(", *(f"    {part.strip()}," for part in parts), f"){after}"])


def public(node: ast.ClassDef) -> list[Function]:
    """Methods that a user may call or override, in the file's order."""
    methods = [part for part in node.body if isinstance(part, Function)]
    return [part for part in methods if not part.name.startswith("_") or part.name == "__call__"]


def is_property(node: Function) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def fields(node: ast.ClassDef) -> list[str]:
    """What a dataclass is made of."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return []
    return [ast.unparse(part) for part in node.body if isinstance(part, ast.AnnAssign)]


def block(code: str) -> str:
    return f"```python\n{broken(code)}\n```"


def write(name: str) -> str:
    node, _ = find(name)
    if isinstance(node, Function):
        return f"### `{node.name}`\n\n{block(signature(node))}\n\n{words(node)}\n"
    made = next((m for m in node.body if isinstance(m, Function) and m.name == "__init__"), None)
    head = signature(made, node.name) if made else f"{node.name}({', '.join(fields(node))})"
    parts = [f"### `{node.name}`", f"From `{name.rpartition('.')[0]}`.", block(head), words(node)]
    for method in public(node):
        returns = ast.unparse(method.returns) if method.returns else ""
        shown = f"{method.name}: {returns}" if is_property(method) else signature(method)
        said = words(method).replace("\n", "\n  ")
        parts.append(f"- `{shown.rstrip(': ')}`" + (f"\n\n  {said}" if said else ""))
    return "\n\n".join(part for part in parts if part) + "\n"
