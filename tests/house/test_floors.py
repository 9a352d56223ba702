"""The house: who may import whom, how things are called, how long a page may be."""

import ast
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "visinger"
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "common", "misc", "helpers", "helper", "core", "base", "manager", "modules"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LOOP = 400, 60, 100
MOST_PARAMETERS = 8
# a training loop reads best in one piece
THE_LOOP = {"training/loop.py"}


def tracked() -> list[Path]:
    """Every file that git knows or would take in."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_every_floor_imports_only_from_below():
    pytest.importorskip("importlinter")
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]


def test_the_floors_are_those_of_the_plan_and_every_package_stands_on_one():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(c for c in contracts if c["type"] == "layers")["layers"]
    housed = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    there = {p.name for p in SOURCE.iterdir() if (p / "__init__.py").is_file()}
    there |= {p.stem for p in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    assert there <= housed
    assert layers[-1] == "errors"
    assert layers[0] == "cli"


def test_no_module_is_a_drawer():
    for path in MODULES:
        names = {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts}
        assert not names & FORBIDDEN_NAMES, shown(path)


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {shown(p): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    long = {}
    for path in MODULES:
        bound = LONGEST_LOOP if path.relative_to(SOURCE).as_posix() in THE_LOOP else LONGEST_FUNCTION
        for function in functions(path):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > bound:
                long[f"{shown(path)}:{function.lineno} {function.name}"] = lines
    assert long == {}


def test_nothing_nameless_crosses_a_door():
    """At most eight parameters and no **kwargs: more than that wants a dataclass."""
    wrong = []
    for path in MODULES:
        for function in functions(path):
            arguments = function.args
            own = [
                a.arg
                for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                if a.arg not in ("self", "cls")
            ]
            if len(own) > MOST_PARAMETERS or arguments.kwarg is not None:
                wrong.append(f"{shown(path)}:{function.lineno} {function.name}")
    assert wrong == []


def test_every_module_says_what_it_is():
    silent = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(shown(path))
    assert silent == []


def test_no_bare_except_and_no_unpickling():
    wrong = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{shown(path)}:{node.lineno} bare except")
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                if {"pickle", "marshal", "shelve"} & {n.split(".")[0] for n in names}:
                    wrong.append(f"{shown(path)}:{node.lineno} pickle")
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load", "torch.load"):
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                if keywords.get("allow_pickle") != "False" and keywords.get("weights_only") != "True":
                    wrong.append(f"{shown(path)}:{node.lineno} {ast.unparse(node.func)} may unpickle")
    assert wrong == []


def test_nothing_is_left_to_do_in_the_code():
    notes = []
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
    for path in MODULES:
        with path.open("rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.COMMENT and marks.search(token.string):
                    notes.append(f"{shown(path)}:{token.start[0]} {token.string}")
    assert notes == []


def test_no_tracked_file_knows_this_machine_or_a_package_registry():
    """Paths of one machine break on the next; a registry's address is the installer's business."""
    home = re.compile(r"(?<![\w.:/])/(?:work|home/\w+|root|Users/\w+)/[\w.]")
    hosts = ("py" + "pi.org", "python" + "hosted", "conda.ana" + "conda", "download.py" + "torch", "index-" + "url")
    registry = re.compile("|".join(map(re.escape, hosts)), re.IGNORECASE)
    found = []
    for path in tracked():
        if path.suffix in (".onnx", ".npz", ".png", ".wav", ".flac", ".mxl", ".mid"):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if home.search(line) or registry.search(line):
                found.append(f"{shown(path)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_ten_packages_are_enough_to_sing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(project["dependencies"]) <= 10
    heavy = ("torch", "scipy", "pyworld", "matplotlib", "lightning", "librosa")
    assert not [d for d in project["dependencies"] if d.lower().startswith(heavy)]


@pytest.mark.parametrize("module", ["visinger", "visinger.voices.voice", "visinger.concatenation", "visinger.cli.main"])
def test_a_singer_needs_no_torch(module):
    heavy = "{'torch', 'pyworld', 'scipy', 'matplotlib'} & set(sys.modules)"
    check = f"import {module}, sys; heavy = {heavy}; assert not heavy, heavy"
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False, env=environment)
    assert found.returncode == 0, found.stderr[-2000:]
