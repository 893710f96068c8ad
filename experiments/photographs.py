"""Does the verdict call what networks of planted photographs use? Over runs of recovery_composed, a network each.

    python experiments/photographs.py RUN...

prints how the verdict did in each run and in all: by the borders of recovery (a drop above 1 log-odds is used, below
.75 idle, between them nothing is asked), by the verdict's own word, which is a drop above `verdict.effect`, and by the
borders again, had `verdict.effect` been .75. The truth is what a picture loses when it is composed again without the
object; cells of twenty such pictures are known.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.cells.composed_truth import IDLE, LEAST
from emocam.cells.effects import CELL, COMPOSED
from emocam.cells.recovery import interval, score
from emocam.cells.verdict import LOG_ODDS, USED, Rules, verdicts
from emocam.results.files import EFFECT
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run


def known_cells(run: Run) -> pd.DataFrame:
    """Every cell whose truth is known: its drop, whether it was called, and what was measured."""
    rows = read_frame(run.file(EFFECT), columns=[*CELL, "fill", "effect"]).astype(
        dict.fromkeys([*CELL, "fill"], str)
    )
    rows = rows[rows["fill"] == COMPOSED].groupby(CELL)["effect"].agg(["mean", "count"])
    cells = run.cells.astype(dict.fromkeys(CELL, str)).set_index(CELL)
    found = rows[rows["count"] >= LEAST].join(cells[["verdict", "effect"]])
    return found.assign(called=found["verdict"].astype(str) == USED).reset_index()


def called_from(run: Run, least: float, scored: pd.DataFrame) -> np.ndarray:
    """Which of the scored cells the verdict calls where `verdict.effect` is `least`, all else by default."""
    cells = run.cells.astype(dict.fromkeys(CELL, str))
    words = verdicts({name: cells[name].to_numpy() for name in cells}, Rules(effect=least))
    called = pd.MultiIndex.from_frame(cells.loc[words == USED, CELL])
    return pd.MultiIndex.from_frame(scored[CELL].astype(str)).isin(called)


def share(cells: pd.DataFrame, hits: np.ndarray, of: np.ndarray) -> str:
    """A count with the 95 % interval over cells and networks."""
    low, high = interval(cells, hits & of, of)
    return f"{(hits & of).sum()} of {of.sum()} ({low:.2f}-{high:.2f})"


def lines_of(name: str, scored: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    """What is said of a run, or of all."""
    row = score(scored.assign(all=0), ["all"]).iloc[0]
    used, chosen = (scored[column].to_numpy(bool) for column in ("used", "chosen"))
    drop, called = known["mean"].to_numpy(float), known["called"].to_numpy(bool)
    between = known[(drop > LOG_ODDS) & (drop < 1)]
    stricter = scored["stricter"].to_numpy(bool)
    return [
        f"{name}: {len(known)} known cells; used and found {share(scored, chosen, used)}, called and used "
        f"{share(scored, used, chosen)}, companions called {row['companions_called']:.0f} of {row['companions']:.0f}; "
        f"|effect - truth| {row['error_90']:.2f} at the 90 % point, {row['error_largest']:.2f} the largest",
        f"  by the verdict's own word, more than {LOG_ODDS} log-odds: called and true "
        f"{share(known, drop > LOG_ODDS, called)}; of {len(between)} cells up to 1 log-odd {between['called'].sum()} "
        f"are called, of those up to {LOG_ODDS} {share(known, called, drop <= LOG_ODDS)}",
        f"  with verdict.effect={IDLE}: used and found {share(scored, stricter, used)}, called and used "
        f"{share(scored, used, stricter)}",
    ]


def main(folders: list[str]) -> None:
    """Print the lines of each run, and of all together."""
    scores, truths = [], []
    for folder in folders:
        run = Run(Path(folder))
        table = read_frame(run.path / "recovery.parquet").assign(network=folder)
        scored = table[table["rule"] == "effect"]
        scores.append(scored.assign(stricter=called_from(run, IDLE, scored)))
        truths.append(known_cells(run).assign(network=folder))
        print("\n".join(lines_of(folder, scores[-1], truths[-1])))
    if len(folders) > 1:
        print(
            "\n".join(lines_of("all", *(pd.concat(parts, ignore_index=True) for parts in (scores, truths))))
        )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(
            "name at least one run of +experiment=recovery_composed: python experiments/photographs.py RUN..."
        )
    main(sys.argv[1:])
