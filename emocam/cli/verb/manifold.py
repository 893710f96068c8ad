"""`emocam manifold RUN`: the run's pictures as points, near where the network takes them for alike, as a page."""

import argparse
import sys
from pathlib import Path

from emocam.cli.verb.run_names import named
from emocam.errors import SettingError

METHODS = ("pca", "pacmap", "tsne", "umap")
OF = ("features", "values")


def main(words: list[str]) -> int:
    """Leave manifold.parquet, quality.csv and manifold/ in the run's folder, and print how far they can be believed."""
    parser = argparse.ArgumentParser(
        prog="emocam manifold", description="Draws the pictures of a run as points, alike ones side by side."
    )
    parser.add_argument("run", metavar="RUN", help="the run's folder, or its id in MLflow")
    parser.add_argument(
        "--of",
        choices=OF,
        default=OF[0],
        help="what the explained layer gave (features), or the network answered",
    )
    parser.add_argument(
        "--method", choices=METHODS, default="pacmap", help="how the points are placed (pacmap)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what a method draws by lot (0)")
    given = parser.parse_args(words)
    folder = named(given.run, Path("outputs") / "runs")
    if not (folder / "predictions.parquet").exists():
        raise SettingError(f"RUN {folder} is no run's folder: it has no predictions.parquet")
    # light until here: a wrong word is told at once
    from emocam.report.manifold_run import draw_run
    from emocam.system.run_lock import locked
    from emocam.system.terminal import shown

    with locked(folder, "RUN"):
        lines = draw_run(folder, given.of, given.method, given.seed)
    sys.stdout.write(shown(lines))
    return 0
