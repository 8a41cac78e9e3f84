"""Find a revision of an agent: the working file, another file, or a file as it was at a commit."""

from dataclasses import replace
from pathlib import Path

from harness import git
from harness.errors import InputError
from harness.files import inside, is_file, read_bytes, shown
from harness.parsing.agents import read_agent
from harness.records.runs import Revision

WORKING = "working"
"""The label of the agent's own file when no revision is named."""


def find(spec: str, *, agent: Path, root: Path) -> Revision:
    """Find one version of the agent whose own file is `agent`, a path below `root`.

    `spec` is empty for the agent's own file as it is on disk; a path; `REV:PATH`; or `REV` for the
    agent's own path at that commit. Raises InputError when it is none of these.
    """
    if not spec:
        return _on_disk(inside(root, str(agent)), root, WORKING)
    for folder in (Path.cwd(), root):
        if is_file(folder / spec):
            return _on_disk(folder / spec, root, (folder / spec).stem)
    return _in_git(spec, agent, root)


def named(spec: str, *, agent: Path, root: Path) -> Revision:
    """Find a version that an eval names: as `find`, but a file must lie in the project.

    An eval may come from a stranger, and what it names is sent to a server that it names as well.
    """
    if is_file(root / spec):
        return _on_disk(inside(root, spec), root, Path(spec).stem)
    return _in_git(spec, agent, root)


def apart(base: Revision, *others: Revision) -> tuple[Revision, ...]:
    """Give revisions that share a label one that tells them apart: its prompt hash is added.

    Those that share the prompt as well are numbered.
    """
    labels = [revision.label for revision in (base, *others)]
    found: list[Revision] = []
    for revision in (base, *others):
        label = revision.label
        if labels.count(label) > 1:
            label = f"{label}-{revision.agent.prompt_hash[:6]}"
            again = sum(other.label.split("#")[0] == label for other in found)
            label = f"{label}#{again + 1}" if again else label
        found.append(replace(revision, label=label))
    return tuple(found)


def _in_git(spec: str, agent: Path, root: Path) -> Revision:
    name = spec.partition(":")[0]
    commit = git.commit(root, name) if name else ""
    if not commit:
        if git.top(root) is None:
            msg = f"{spec}: no such file, and there is no git repository here to look for a revision in"
            raise InputError(msg, hint="name a file, such as --base agents/old.md")
        msg = f"{spec}: neither a file nor a git revision"
        raise InputError(msg, hint="name a file, a commit, branch or tag, or REV:PATH")
    return _committed(spec, commit, root, agent)


def _on_disk(path: Path, root: Path, label: str) -> Revision:
    path = path.resolve()
    name = shown(path, root)
    agent = read_agent(read_bytes(path, name=name), source=name)
    commit = git.commit(path.parent)
    return Revision(
        label=label,
        path=name,
        commit=commit,
        dirty=git.dirty(path.parent, path) if commit else None,
        agent=agent,
    )


def _committed(spec: str, commit: str, root: Path, agent: Path) -> Revision:
    name, _, path = spec.partition(":")
    own = _from_top(root, agent)
    path = path or own
    data = git.read(root, commit, path)
    if data is None:
        msg = f"{spec}: {path} is not in that commit"
        raise InputError(msg, hint="name the path as it was then: REV:PATH, from the repository's top folder")
    return Revision(
        label=name if path == own else spec,
        path=path,
        commit=commit,
        dirty=False,
        agent=read_agent(data, source=f"{name}:{path}"),
    )


def _from_top(root: Path, agent: Path) -> str:
    """Name the agent's own path the way git does: from the repository's top folder."""
    top = git.top(root)
    return (root / agent).resolve().relative_to(top.resolve()).as_posix() if top else agent.as_posix()
