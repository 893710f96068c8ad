"""What is dangerous to do with a stranger's file is done in one place each."""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "emocam"
DOORS = {
    "torch.load": {"network/weights.py"},
    "instantiate": {"settings/build.py"},
    "to_csv": {"results/spreadsheet.py"},
}
SHUT = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "subprocess.run", "subprocess.Popen", "subprocess.check_output"),
    *("pickle.load", "pickle.loads", "joblib.load", "torch.hub.load", "read_pickle", "to_pickle"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "extractall"),
}
PARSERS = {"xml", "lxml", "pickle", "dill", "cloudpickle", "marshal", "shelve", "html5lib"}


def calls(package: Path) -> Iterator[tuple[str, str, ast.Call]]:
    """(file, dotted name, call) for each call in the package."""
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield file.relative_to(package).as_posix(), ast.unparse(node.func), node


def named(dotted: str, name: str) -> bool:
    """Built-ins are meant by themselves: `model.eval()` is torch's."""
    return dotted == name or (not hasattr(builtins, name) and dotted.endswith(f".{name}"))


def users(package: Path, names: Iterable[str]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for file, dotted, _ in calls(package):
        for name in names:
            if named(dotted, name):
                found[name].add(file)
    return dict(found)


def test_each_door_is_in_its_one_place() -> None:
    assert users(PACKAGE, DOORS) == DOORS


def test_doors_that_run_code_are_shut() -> None:
    assert not users(PACKAGE, SHUT)


def test_weights_are_read_as_tensors_only() -> None:
    (load,) = [call for _, dotted, call in calls(PACKAGE) if dotted == "torch.load"]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in load.keywords}
    assert given["weights_only"] == "True"


def test_no_array_file_may_hold_objects() -> None:
    loads = [call for _, dotted, call in calls(PACKAGE) if dotted in ("np.load", "numpy.load")]
    assert not [call for call in loads if "allow_pickle=True" in ast.unparse(call)]


def test_yaml_is_read_without_its_tags() -> None:
    readers = {dotted for _, dotted, _ in calls(PACKAGE) if dotted.startswith("yaml.")}
    assert readers == {"yaml.safe_load"}


def test_a_parser_that_may_run_or_expand_has_one_door() -> None:
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            found |= {(file.name, name) for name in names if name.split(".")[0] in PARSERS}
    # the one reader of XML, and the name of the error that torch.load raises
    assert found <= {("xml_tree.py", "xml.parsers"), ("weights.py", "pickle")}


def test_the_page_never_makes_markup_out_of_text() -> None:
    markup = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\|\s*safe\b"
    )
    pages = [file for file in PACKAGE.rglob("*") if file.suffix in (".js", ".html", ".j2", ".jinja")]
    assert pages
    found = {file.name: markup.findall(file.read_text(encoding="utf-8")) for file in pages}
    assert not {name: words for name, words in found.items() if words}


def test_a_second_door_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(
        "import torch\ntable.to_csv(file)\ntorch.load(file)\nhydra.utils.instantiate(x)"
    )
    found = users(tmp_path, DOORS)
    assert found == {name: {"page.py"} for name in ("torch.load", "to_csv", "instantiate")}
