"""Custom graders on disk: found and hashed without running anything, and imported where that is allowed."""

import ast
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from harness.errors import InputError
from harness.files import inside, read_text
from harness.grading.custom import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file that a `module:function` of an eval means, as it was when it was read."""

    name: str
    path: str
    text: str

    @property
    def version(self) -> str:
        """Names the function and its module's text: when either changes, verdicts are made anew."""
        return f"{self.name} {hashlib.sha256(self.text.encode()).hexdigest()[:12]}"


def path_of(name: str) -> str:
    """Give the path, from the project's root, of the file that `module:function` means."""
    return name.partition(":")[0].replace(".", "/") + ".py"


def find(root: Path, name: str) -> Source:
    """Read the file of a custom grader and see that its function is there; nothing of it is run.

    Raises InputError when there is no such file in the project, or no such function at its top level.
    """
    path, function = path_of(name), name.partition(":")[2]
    text = read_text(inside(root, path), name=path)
    try:
        tree = ast.parse(text, filename=path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        msg = f"{path}{line}: not Python: {getattr(error, 'msg', error)}"
        raise InputError(msg) from None
    there = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function not in there:
        msg = f"{path}: no function {function!r} at its top level; there are {', '.join(there) or 'none'}"
        raise InputError(msg, hint="a custom grader is a plain function, not async and not a class")
    return Source(name=name, path=path, text=text)


def imported(source: Source) -> Function:
    """Run the module and give its function. Only a door may call this, and only when it was told to.

    What is run is the text that was hashed, not whatever is in the file by now. Its folder is not put on
    the import path: a module beside it would not be in the hash. Raises InputError when it cannot be run.
    """
    module = ModuleType(f"harness_custom_{hashlib.sha256(source.version.encode()).hexdigest()[:12]}")
    module.__file__ = source.path
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        exec(compile(source.text, source.path, "exec"), module.__dict__)  # noqa: S102 - this is what --allow-code allows
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's module raises is the person's to see
        msg = f"{source.path}: cannot be imported: {type(error).__name__}: {error}"
        hint = "it may import what is installed, but no other file of the project"
        raise InputError(msg, hint=hint if isinstance(error, ImportError) else "") from None
    function: Function = getattr(module, source.name.partition(":")[2])
    return function
