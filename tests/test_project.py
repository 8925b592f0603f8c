"""What the project says of itself: its version, its licence, its pages and what they point at."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

import litescore

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ABOUT = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [README, *ABOUT, *DOCS]
# Of the text at apache.org, to the last byte.
_APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
# As it stands in `code`: a file below tests/, and perhaps a test of it.
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_RULE = re.compile(r"`([a-z_]+)`(?:(?: and `([a-z_]+)`)? in `(tests/[\w/]+\.py)`)")


def prose(page: Path) -> str:
    """A page's text without blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files that a page points at, and the anchor in each ('' for none)."""
    for target in _LINK.findall(_CODE.sub("code", prose(page))):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield ((page.parent / path).resolve() if path else page), anchor


def anchors(page: Path) -> set[str]:
    """What a heading can be pointed at by: as GitHub makes it."""
    found: list[str] = []
    for heading in _HEADING.findall(prose(page)):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        again = sum(re.fullmatch(rf"{words}(-\d+)?", other) is not None for other in found)
        found.append(f"{words}-{again}" if again else words)
    return set(found)


def test_one_version() -> None:
    """The module's is the command's, the built metadata's and the changelog's; pyproject has none of
    its own, and neither has what was installed another one.
    """
    version = litescore.__version__
    words = [sys.executable, "-m", "litescore", "--version"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said == f"litescore, version {version}\n"
    assert ProjectMetadata(str(ROOT), PluginManager()).version == version
    assert metadata.version("litescore") == version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" not in project
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_apaches() -> None:
    """To the last byte; the metadata names it, and the licence of the pictures that are shipped."""
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == _APACHE
    core = ProjectMetadata(str(ROOT), PluginManager()).core
    assert core.license_expression == "Apache-2.0 AND MIT"
    assert core.license_files == ["LICENSE", "trainer/data/fashion-mnist/README.md"]
    assert "The MIT License" in (ROOT / core.license_files[1]).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Each file that a page points at is there, within the project, and has the anchor."""
    for path, anchor in links(page):
        assert path.exists(), f"{path} is not there"
        assert path.is_relative_to(ROOT), f"{path} is not the project's"
        assert not anchor or anchor in anchors(path), f"no #{anchor} in {path}"


def test_every_page_is_reached_from_the_readme() -> None:
    """By links, from page to page."""
    reached, waiting = {README}, [README]
    while waiting:
        found = {path for path, _ in links(waiting.pop()) if path.suffix == ".md"} - reached
        reached |= found
        waiting += found
    assert set(PAGES) <= reached, f"nobody points at {set(PAGES) - reached}"


def test_tests_that_pages_name_are_there() -> None:
    """A claim about safety is as good as the test that is named beside it."""
    named = {
        (path, name)
        for page in PAGES
        for path, name in _TEST.findall(page.read_text(encoding="utf-8"))
    }
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named |= {(path, rule) for *rules, path in _RULE.findall(security) for rule in rules if rule}
    assert len(named) > 50
    for path, name in sorted(named):
        assert (ROOT / path).is_file(), f"no {path}"
        assert f"def {name}" in (ROOT / path).read_text(), f"no {name} in {path}"


def test_hooks_are_those_of_make_test() -> None:
    """What is run at a commit is what `make test` runs, by the project's own environment."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    recipe = (ROOT / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0]
    wanted = [line.strip() for line in recipe.splitlines()[1:] if "pytest" not in line]
    ran = [hook["entry"].removesuffix(" --force-exclude") for hook in hooks]
    assert ran == [line.replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in wanted]
