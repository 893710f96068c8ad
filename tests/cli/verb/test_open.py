"""`emocam open`: which page, and whether a browser is asked."""

import os
import re
import shutil
import webbrowser
from pathlib import Path

import pytest

import emocam as package
from emocam.cli.verb.open import has_browser, main, newest
from emocam.errors import SettingError


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked for."""
    asked = []
    monkeypatch.setattr(webbrowser, "get", lambda: object())
    monkeypatch.setattr(webbrowser, "open", asked.append)
    monkeypatch.setenv("DISPLAY", ":0")
    return asked


def page(folder: Path, age: float = 0) -> Path:
    (folder / "report").mkdir(parents=True)
    file = folder / "report" / "index.html"
    file.write_text("<!doctype html>")
    os.utime(file, (1e9 - age, 1e9 - age))
    return file


def test_a_folder_s_page_is_opened_and_told(opened, tmp_path, capsys):
    file = page(tmp_path / "a run")
    assert main([str(tmp_path / "a run")]) == 0
    assert opened == [file.as_uri()]
    assert "%20" in opened[0]
    assert capsys.readouterr().out == f"{file}\n"


def test_without_a_name_it_is_the_newest_of_runs_sweeps_and_comparisons(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page(Path("outputs/one"), age=30)
    page(Path("multirun/sweep/0"), age=20)
    page(Path("elsewhere/run"))
    assert newest(Path()) == Path("multirun/sweep/0/report/index.html")
    page(Path("multirun/sweep"), age=10)
    assert newest(Path()) == Path("multirun/sweep/report/index.html")
    page(Path("outputs/compare_now"), age=5)
    main([])
    assert opened == [(tmp_path / "outputs/compare_now/report/index.html").as_uri()]


def test_what_has_no_page_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=r"there is no report under outputs or multirun of .*; name a run"):
        main([])
    with pytest.raises(SettingError, match=r"has no report/index\.html; a run that was interrupted gets one"):
        main([str(tmp_path)])


@pytest.mark.parametrize(("names", "there"), [([], False), (["DISPLAY"], True), (["BROWSER"], True)])
def test_in_a_terminal_without_a_screen_nothing_is_asked(opened, monkeypatch, names, there):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name in names:
        monkeypatch.setenv(name, "x")
    assert has_browser() is there


def test_without_a_browser_the_path_is_told(tmp_path, monkeypatch, capsys):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    monkeypatch.setenv("DISPLAY", ":0")
    file = page(tmp_path)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{file}\n"


def test_a_run_made_elsewhere_opens_from_its_artifacts_alone(emocam, opened, tmp_path, capsys):
    assert emocam("cam=centre", "data.images=6", "quiet=true", "hydra.run.dir=run") == 0
    (id,) = re.findall(r"^run +([0-9a-f]{32})", capsys.readouterr().out, re.MULTILINE)
    names = {file.relative_to(tmp_path / "run") for file in (tmp_path / "run").rglob("*") if file.is_file()}
    shutil.rmtree(tmp_path / "run")
    assert emocam("open", id) == 0
    folder = Path(opened[0].removeprefix("file://")).parents[1]
    assert folder == tmp_path / "cache/emocam/runs" / id
    found = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
    assert {file for file in found if file.parts[0] != "images"} == names  # those are of MLflow's image grid
    assert len(package.Run(folder).association()) > 0
    text = (folder / "report/index.html").read_text()
    for address in re.findall(r'(?:src|href)="([^"#]+)"', text):
        assert (folder / "report" / address).exists(), address
