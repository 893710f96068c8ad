"""One list of words: the page's legend and the documents have the same."""

import html
import json
import re
import sys
from pathlib import Path

import pytest

from emocam.report.emotions import are_emotions
from emocam.report.glossary import documents, glossary
from emocam.report.page import write_report
from emocam.results.run import Run

ROOT = Path(__file__).parents[2]


def test_page_summary_and_documents_have_the_same_words(run_folder, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs"), *sys.path])
    from extensions.generated import replace_marks

    documents = replace_marks((ROOT / "docs/explanation/glossary.md").read_text(encoding="utf-8"))
    folder, _ = run_folder
    pages = [write_report(Run(folder)).read_text(), (folder / "summary.html").read_text()]
    assert len(glossary()) > 20
    for term in glossary():
        assert f"\n{term.term}\n: {term.means}" in documents
        for page in pages:
            assert f"<dt>{term.term}</dt><dd>{html.escape(term.plain, quote=False)}</dd>" in page.replace(
                "&#39;", "'"
            )


def test_the_documents_are_linked_where_they_were_built(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("emocam.report.glossary.PACKAGE", tmp_path / "emocam")
    assert documents() is None
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").touch()
    assert documents() == (tmp_path / "site/index.html").as_uri()


def test_a_term_that_says_where_more_stands_names_a_page() -> None:
    entries = json.loads((ROOT / "emocam/report/glossary.json").read_text(encoding="utf-8"))
    for name in {entry["more"] for entry in entries if "more" in entry}:
        assert (ROOT / f"docs/explanation/{name}.md").is_file()


def test_every_word_of_a_verdict_and_of_the_switch_is_explained() -> None:
    text = " ".join(f"{term.term} {term.means}" for term in glossary())
    script = (ROOT / "emocam/report/static/counts.js").read_text(encoding="utf-8")
    shown = set(re.findall(r'name: "(\w+)"', script)) - {"count"}
    assert shown >= {"percent", "use", "lift", "effect", "verdict"}
    for word in shown | {"used", "looked at without effect", "present only", "too few pictures"}:
        assert word in text, word


@pytest.mark.parametrize(
    ("labels", "emotional"),
    [
        (["Joy", "Awe", "Fear", "Sadness", "Calm"], True),
        (["neutral", "happiness", "anger"], True),
        (["Empathic Pain", "Aesthetic Appreciation"], True),
        (["neutral", "charged"], False),
        (["tench", "goldfish", "awe"], False),
        (["cat", "dog"], False),
    ],
)
def test_labels_are_known_as_emotions_by_half_of_them(labels: list[str], emotional: bool) -> None:
    assert are_emotions(labels) is emotional


def test_a_page_about_emotions_says_what_such_a_label_says(run_folder, tmp_path, make_run) -> None:
    folder, _ = run_folder
    assert (
        "annotators like those of the training pictures would have said"
        in write_report(Run(folder)).read_text()
    )
    assert '<p class="caution">' in (folder / "summary.html").read_text()
    make_run(tmp_path / "boats", ["Dog"], ["boat", "car"], 30)
    assert "annotators" not in write_report(Run(tmp_path / "boats")).read_text().split("<dialog")[0]
