"""Links in a run's folder bring nothing along from elsewhere, whatever lies between."""

from pathlib import Path

import pytest

from emocam.results.leading_out import leads_out, without_links_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("s3cr3t")
    run = tmp_path / "run"
    for name in ("a.csv", "report/index.html", "report/deep/one.webp", "flips/1.png"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(name)
    return run


def test_without_links_whole_folders_are_sent(folder: Path) -> None:
    assert list(without_links_out(sorted(folder.iterdir()), folder)) == sorted(folder.iterdir())


@pytest.mark.parametrize(
    ("link", "to", "sent"),
    [
        ("b.csv", "../secret/key.txt", ["a.csv", "flips", "report"]),
        ("keys", "../secret", ["a.csv", "flips", "report"]),
        (
            "report/two.webp",
            "../../secret/key.txt",
            ["a.csv", "flips", "report/deep/one.webp", "report/index.html"],
        ),
        (
            "report/deep/keys",
            "../../../secret",
            ["a.csv", "flips", "report/deep/one.webp", "report/index.html"],
        ),
        ("b.csv", "a.csv", ["a.csv", "b.csv", "flips", "report"]),  # of its own
        ("report/none", "nowhere", ["a.csv", "flips", "report"]),
    ],
)
def test_what_a_link_leads_to_outside_is_not_sent(folder: Path, link: str, to: str, sent: list[str]) -> None:
    (folder / link).symlink_to(to)
    found = list(without_links_out(sorted(folder.iterdir()), folder))
    assert [file.relative_to(folder).as_posix() for file in found] == sent
    for file in found:
        assert not any(leads_out(one, folder) for one in [file, *file.rglob("*")])


def test_a_folder_may_itself_be_reached_by_a_link(folder: Path) -> None:
    (folder.parent / "latest").symlink_to(folder)
    there = folder.parent / "latest"
    assert list(without_links_out(sorted(there.iterdir()), there)) == sorted(there.iterdir())
