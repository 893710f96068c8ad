"""The documents are whole, name everything there is, and their site stands alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from emocam.cli.help import VERBS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GROUPS = sorted(folder.name for folder in (ROOT / "conf").iterdir() if folder.is_dir())
CARDS = "\n".join(card.read_text(encoding="utf-8") for card in (DOCS / "models").glob("*.md"))
MODELS = [
    f"{group}={file.stem}"
    for group in ("classifier", "detector")
    for file in sorted((ROOT / "conf" / group).glob("*.yaml"))
    if f"{group}={file.stem}" not in ("detector=joined", "detector=nothing")  # no models
]
LOADED = re.compile(
    r"<(?:script|img|iframe|source|link(?=[^>]*rel=\"(?:stylesheet|icon|preload)))[^>]*(?:src|href)=\"(?:https?:)?//"
)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_settings_has_a_page(group: str) -> None:
    assert f"<!-- options of {group} -->" in (DOCS / f"reference/settings/{group}.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_in_the_reference(verb: str) -> None:
    assert f"`emocam {verb}" in (DOCS / "reference/commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_a_shipped_model_has_a_card(model: str) -> None:
    assert f"`{model}`" in CARDS


@pytest.mark.parametrize("cam", sorted(file.stem for file in (ROOT / "conf/cam").glob("*.yaml")))
def test_a_cam_has_its_line(cam: str) -> None:
    assert f"| `{cam}` |" in (DOCS / "explanation/cams.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file", sorted((ROOT / "conf/importance").glob("*.yaml")), ids=lambda file: file.stem
)
def test_an_importance_is_explained(file: Path) -> None:
    assert f"## `{file.stem}`" in (DOCS / "explanation/importance.md").read_text(encoding="utf-8")


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", "-d", tmp_path / "trees"]
    built = subprocess.run([*command, DOCS, tmp_path / "site"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        assert not LOADED.search(page.read_text(encoding="utf-8")), page
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not re.search(
            r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", sheet.read_text(encoding="utf-8")
        ), sheet
