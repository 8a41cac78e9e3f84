"""Which accepted run is the baseline of a working tree: the closest ancestor on the default branch."""

from collections.abc import Sequence
from pathlib import Path

from harness import git
from harness.records.nights import Acceptance


def baseline(accepted: Sequence[Acceptance], root: Path) -> Acceptance | None:
    """Choose among the acceptances of an eval, in order of time; `None` where none of them fits.

    One counts if its commit is an ancestor of HEAD and lies on the default branch; the fewest commits away
    wins, the newest of equals. Outside a repository, and for runs made outside one, it is the newest.
    """
    if not git.commit(root):
        return accepted[-1] if accepted else None
    default = git.default_branch(root)
    near = [
        (away, -place, each)
        for place, each in enumerate(accepted)
        if each.commit
        and (away := git.distance(root, each.commit)) is not None
        and (not default or git.distance(root, each.commit, default) is not None)
    ]
    return min(near, key=lambda found: found[:2])[2] if near else None
