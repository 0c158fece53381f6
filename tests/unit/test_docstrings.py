"""Every public function of the Salt faces has the docstring that its users read.

``sys.doc`` and ``sys.state_doc`` are the interface for most people: what a function does, each
argument by its name, and an example that can be copied.
"""

import ast
import inspect
import re
from pathlib import Path

import pytest

import saltext_hakube

PACKAGE = Path(saltext_hakube.__file__).parent
ROOMS = ("modules", "states", "beacons", "runners")
CLI_EXAMPLE = re.compile(r"^CLI Example:\n\n\.\. code-block:: (bash|shell)\n\n {4}\S", re.MULTILINE)
YAML_EXAMPLE = re.compile(r"^\.\. code-block:: yaml\n\n {4}\S", re.MULTILINE)


def faces():
    return [
        path
        for room in ROOMS
        for path in sorted((PACKAGE / room).glob("*.py"))
        if path.name != "__init__.py"
    ]


def public_functions(path):
    return [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def arguments(function):
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    extra = [argument for argument in (spec.vararg, spec.kwarg) if argument]
    return [argument.arg for argument in named + extra if not argument.arg.startswith("_")]


def faults(function, room):
    """What is missing in a function's docstring, in words."""
    text = inspect.cleandoc(ast.get_docstring(function) or "")
    if not text:
        return ["has no docstring"]
    found = [
        f"does not document its argument {name}"
        for name in arguments(function)
        # A definition list: the name alone on its line, what it means indented below.
        if not re.search(rf"^{re.escape(name)}\n {{4}}\S", text, re.MULTILINE)
    ]
    if room in ("modules", "runners") and not CLI_EXAMPLE.search(text):
        found.append("has no `CLI Example:` with a code block in bash")
    if room == "states" and not YAML_EXAMPLE.search(text):
        found.append("has no example in a code block in yaml")
    return found


FUNCTIONS = [
    pytest.param(function, path.parent.name, id=f"{path.parent.name}.{path.stem}.{function.name}")
    for path in faces()
    for function in public_functions(path)
]


@pytest.mark.parametrize(("function", "room"), FUNCTIONS)
def test_a_public_function_tells_its_users_what_they_need(function, room):
    assert faults(function, room) == []


@pytest.mark.parametrize("path", faces(), ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_face_begins_with_its_manual(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


GOOD = '''
def plan(name, *, timeout=5):
    """
    Say what would change.

    name
        The name.

    timeout
        Seconds.

    CLI Example:

    .. code-block:: bash

        salt '*' x.plan y
    """
'''


@pytest.mark.parametrize(
    ("room", "source", "fault"),
    [
        ("modules", GOOD, None),
        ("modules", "def f(): pass", "has no docstring"),
        ("modules", GOOD.replace("timeout\n        Sec", "time\n        Sec"), "argument timeout"),
        ("modules", GOOD.replace("name\n        The", "name: the"), "argument name"),
        ("runners", GOOD.replace("        salt '*'", "    salt '*'"), "CLI Example"),
        ("states", GOOD, "yaml"),
        ("states", GOOD.replace("bash", "yaml"), None),
        ("beacons", "def beacon(config):\n    'Look.'", "argument config"),
    ],
)
def test_the_check_itself_finds_what_is_missing(room, source, fault):
    found = faults(ast.parse(source).body[0], room)
    assert found == [] if fault is None else (len(found) == 1 and fault in found[0])


def test_there_are_functions_to_check():
    assert len(FUNCTIONS) > 5
