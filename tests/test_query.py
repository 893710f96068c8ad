"""docs/how-to/query.md: its queries, as printed, give what a run gives."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.results.run import Run

PAGE = (Path(__file__).parents[1] / "docs/how-to/query.md").read_text(encoding="utf-8")
SQL = re.findall(r"^```sql\n(.*?)^```", PAGE, re.DOTALL | re.M)
PYTHON = dict(re.findall(r"^```python needs=(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.M))


@pytest.fixture
def runs(finished_run: Callable[..., Run]) -> tuple[Run, Run]:
    draw = np.random.default_rng(0)
    one, other = (finished_run(name, draw.random((60, 4))) for name in ("gradcam", "lift"))
    return one, other


def fill(text: str, runs: tuple[Run, Run]) -> str:
    places = dict(zip(("RUN", "OTHER"), (str(run.path) for run in runs), strict=True))
    return re.sub(r"\b(RUN|OTHER)\b", lambda word: places[word[0]], text)


def wide(rows: pd.DataFrame, value: str, run: Run) -> pd.DataFrame:
    """Objects x labels in the run's order."""
    plain = rows.astype({"object": str, "label": str})
    table = plain.pivot_table(value, "object", "label", fill_value=0)
    return table.reindex(index=run.object_names, columns=run.label_names, fill_value=0)


def test_duckdb_counts_what_the_run_counts(runs: tuple[Run, Run]) -> None:
    duckdb = pytest.importorskip("duckdb")
    counts, percent, differences = (duckdb.sql(fill(query, runs)).df() for query in SQL)
    assert (wide(counts, "images", runs[0]).to_numpy() == runs[0].association().to_numpy()).all()
    expected = runs[0].association(measure="percent").to_numpy()
    np.testing.assert_allclose(wide(percent, "percent", runs[0]), expected)
    means = [run.evidence.astype({"object": str}).groupby("object")["importance"].mean() for run in runs]
    found = differences.astype({"object": str}).set_index("object")["difference"]
    np.testing.assert_allclose(found.sort_index(), (means[0] - means[1]).sort_index(), atol=1e-6)
    assert found.abs().is_monotonic_decreasing


def test_polars_counts_what_the_run_counts(runs: tuple[Run, Run]) -> None:
    pytest.importorskip("polars")
    names: dict[str, object] = {}
    exec(compile(fill(PYTHON["polars"], runs), "query.md", "exec"), names)
    rows = pd.DataFrame(names["counts"].to_dict(as_series=False))  # type: ignore[attr-defined]
    assert (wide(rows, "images", runs[0]).to_numpy() == runs[0].association().to_numpy()).all()
