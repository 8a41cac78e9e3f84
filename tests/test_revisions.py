"""A revision is a file or a file at a commit, read without ever checking anything out."""

from pathlib import Path

import pytest

from front_door import AGENT, Door
from harness import git, revisions
from harness.errors import InputError
from harness.files import read_text, root_of, write

OWN = Path("agents/helper.md")


@pytest.fixture
def repository(door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    door.git("init")
    for prompt in ("first", "second"):
        door.write(str(OWN), AGENT.replace("Answer briefly", f"Answer {prompt}"))
        door.git("add", ".")
        door.git("commit", "-m", prompt)
    door.git("tag", "shipped", "HEAD~1")
    door.write(str(OWN), AGENT.replace("Answer briefly", "Answer uncommitted"))
    monkeypatch.chdir(door.root)
    return door


def prompt_of(spec: str, root: Path) -> str:
    return revisions.find(spec, agent=OWN, root=root).agent.prompt.split("Answer ")[1].strip(" .\n")


@pytest.mark.parametrize(
    ("spec", "prompt", "label"),
    [
        ("", "uncommitted", "working"),
        ("agents/helper.md", "uncommitted", "helper"),
        ("HEAD", "second", "HEAD"),
        ("HEAD~1", "first", "HEAD~1"),
        ("shipped", "first", "shipped"),
        ("HEAD:agents/helper.md", "second", "HEAD"),
    ],
)
def test_each_way_to_name_a_revision(repository: Door, spec: str, prompt: str, label: str) -> None:
    assert prompt_of(spec, repository.root) == prompt
    assert revisions.find(spec, agent=OWN, root=repository.root).label == label


def test_commit_and_dirty_state_are_recorded(repository: Door) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    working = revisions.find("", agent=OWN, root=repository.root)
    committed = revisions.find("HEAD~1", agent=OWN, root=repository.root)
    assert (working.commit, working.dirty) == (head, True)
    assert (committed.commit, committed.dirty) == (repository.git("rev-parse", "HEAD~1").strip(), False)
    repository.git("checkout", "--", ".")
    assert revisions.find("", agent=OWN, root=repository.root).dirty is False


def test_nothing_is_checked_out(repository: Door) -> None:
    before = (repository.root / OWN).read_bytes()
    status = repository.git("status", "--porcelain")
    revisions.find("HEAD~1", agent=OWN, root=repository.root)
    assert (repository.root / OWN).read_bytes() == before
    assert repository.git("status", "--porcelain") == status


def test_a_path_below_the_repository_s_top_is_found(repository: Door) -> None:
    repository.write("sub/pyproject.toml", "")
    repository.write("sub/agents/other.md", AGENT.replace("briefly", "in a subfolder"))
    repository.git("add", ".")
    repository.git("commit", "-m", "sub")
    found = revisions.find("HEAD", agent=Path("agents/other.md"), root=repository.root / "sub")
    assert (found.path, "in a subfolder" in found.agent.prompt) == ("sub/agents/other.md", True)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("no-such-thing", "neither a file nor a git revision"),
        ("HEAD:agents/none.md", "is not in that commit"),
        ("--help", "neither a file nor a git revision"),
        (":agents/helper.md", "neither a file nor a git revision"),
        ("HEAD^{tree}", "neither a file nor a git revision"),
    ],
)
def test_what_is_no_revision_is_an_error_that_says_what_would_be(
    repository: Door, spec: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        revisions.find(spec, agent=OWN, root=repository.root)
    assert caught.value.hint


def test_outside_a_repository_files_still_work(door: Door, tmp_path: Path) -> None:
    door.write(str(OWN), AGENT)
    found = revisions.find("", agent=OWN, root=door.root)
    assert (found.commit, found.dirty) == ("", None)
    assert git.commit(tmp_path) == ""
    assert git.top(tmp_path) is None


def test_revisions_that_share_a_label_are_told_apart(repository: Door) -> None:
    other = repository.write("old/helper.md", AGENT)
    pair = [revisions.find(str(path), agent=OWN, root=repository.root) for path in (OWN, other)]
    labels = [revision.label for revision in revisions.apart(*pair)]
    assert len(set(labels)) == 2
    assert all(label.startswith("helper-") for label in labels)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write(path, b"old")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]
    with pytest.raises(InputError, match="cannot be written"):
        write(path / "below-a-file", b"")


@pytest.mark.parametrize(
    ("content", "words"), [(b"\xff\xfe\x00bad", "line 1: not UTF-8"), (b"one\ntwo \xff", "line 2: not UTF-8")]
)
def test_what_is_not_text_is_refused_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_text(path)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "backend.yaml").write_text("")
    with pytest.raises(InputError, match=r"did you mean 'backend\.yaml'"):
        read_text(tmp_path / "bakend.yaml")


def test_the_root_is_the_nearest_folder_with_a_project_in_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "evals").mkdir()
    assert root_of(tmp_path / "evals" / "x.yaml") == tmp_path.resolve()


@pytest.mark.parametrize("spec", ["../secret.md", "agents/link.md", "/etc/passwd"])
def test_what_an_eval_names_lies_in_its_project(repository: Door, spec: str) -> None:
    secret = repository.root.parent / "secret.md"
    secret.write_text(AGENT)
    (repository.root / "agents" / "link.md").symlink_to(secret)
    with pytest.raises(InputError, match="lies outside the project"):
        revisions.named(spec, agent=OWN, root=repository.root)


def test_what_an_eval_names_is_sought_from_its_project(
    repository: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("elsewhere/agents/helper.md", AGENT.replace("briefly", "elsewhere"))
    monkeypatch.chdir(repository.root / "elsewhere")
    found = revisions.named("agents/helper.md", agent=OWN, root=repository.root)
    assert "uncommitted" in found.agent.prompt
    assert revisions.named("shipped", agent=OWN, root=repository.root).label == "shipped"
