"""The share of a known truth that rules recover, over runs of several methods, worlds and seeds."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emocam.cells.recovery import score
from emocam.compare.setting_differences import flat_settings
from emocam.data.planted import PHOTOGRAPHS
from emocam.plot.recovery import recovery_figure
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

ANY = ("presence", "effect", "any effect beyond the control")
"""The rules that need no CAM: one row for each world and seed."""
PLACE = ["network", "world", "seed"]
"""What a run's truth depends on."""
FILE, TABLE = "recovery.parquet", "recovery.csv"


def gather_recoveries(runs: list[Run], folder: Path) -> None:
    """Write recovery.csv and recovery.png where runs were scored against a truth."""
    scored = [run for run in runs if (run.path / FILE).is_file()]
    if not scored:
        return
    table = with_verdicts(with_composed(pd.concat([cells_of(run) for run in scored], ignore_index=True)))
    write_csv(score(table, ["cam", "rule", "by", "world"]), folder / TABLE, index=False)
    recovery_figure(table).savefig(folder / "recovery.png")


def recovered(folder: Path) -> list[str]:
    """Return lines on how many worlds in which nothing is used have a cell that is called used."""
    if not (folder / TABLE).is_file():
        return []
    scores = pd.read_csv(folder / TABLE)
    null = scores[(scores["used"] == 0) & (scores["rule"] == "verdict")]
    lines = [
        f"{row['cam']}: {row['wrong']} of {row['runs']} worlds in which nothing is used have a cell called used"
        for row in null.to_dict("records")
    ]
    measured = scores[(scores["used"] > 0) & scores["error_90"].notna()]
    planted = scores[scores["world"] == PHOTOGRAPHS]
    if len(planted) and planted["error_90"].isna().all():
        lines.append(
            "photographs: methods are held against what the rules plant, which a network may not use; "
            "+experiment=recovery_composed on the same network and seed measures what it uses"
        )
    if len(measured):
        lines.append("rules against pictures composed again without the object (95 % intervals)")
        measured = measured.sort_values(["recall", "precision"], ascending=False, kind="stable")
    return lines + [rule_line(row) for row in measured.to_dict("records")]


def rule_line(row: dict[Hashable, Any]) -> str:
    """Return how a rule that measured effects did, against what composing pictures again has shown."""
    name = ", ".join(
        str(row[part]) for part in ("rule", "by", "cam") if isinstance(row[part], str) and row[part]
    )

    def share(what: str) -> str:
        if np.isnan(row[what]):
            return f"{what} -"
        return f"{what} {row[what]:.2f} ({row[f'{what}_low']:.2f}-{row[f'{what}_high']:.2f})"

    several = int(row.get("networks", 1)) > 1
    networks = (
        f" over {row['networks']} networks (least {row['recall_least']:.2f}, {row['precision_least']:.2f})"
        if several
        else ""
    )
    return (
        f"  {name}: {share('recall')} of {row['used']}, {share('precision')}{networks}, {row['companions_called']} of "
        f"{row['companions']} companions called; |effect - truth| {row['error_90']:.2f} at the 90 % point, "
        f"{row['error_largest']:.2f} the largest"
    )


def cells_of(run: Run) -> pd.DataFrame:
    """Read the run's scored cells, with its CAM, world and seed."""
    table = read_frame(run.path / FILE)
    settings = flat_settings(run)
    cam = np.where(table["rule"].isin(ANY), "", str(settings.get("cam", "none")))
    weights = settings.get("classifier.weights") or ""
    return table.assign(
        cam=cam,
        world=str(settings.get("data.world", "")),
        seed=settings.get("seed", 0),
        network=f"{settings.get('classifier.world', '')} {weights}",
    )


def with_composed(table: pd.DataFrame) -> pd.DataFrame:
    """Return every run's cells with the truth of the run that composed its pictures again, where there is one.

    It is the same for all methods, so it is measured in one run of a network, world and seed; a cell that was not
    measured is asked of no rule.
    """
    measured = table.groupby(PLACE, sort=False)["drop"].transform(lambda drop: drop.notna().any())
    known = table[table["drop"].notna()].drop_duplicates([*PLACE, "object", "label"])
    truth = known[[*PLACE, "object", "label", "used", "companion", "drop"]]
    asked = table[measured].drop(columns=["used", "companion", "drop"])
    return pd.concat([asked.merge(truth, on=[*PLACE, "object", "label"])[table.columns], table[~measured]])


def with_verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Return each rule of ANY once per network, world and seed, and `verdict`, which needs both `use` and `effect`.

    So the effect, which is the same for all CAMs, needs to be measured in one run of each world.
    """
    place = [*PLACE, "object", "label"]
    table = table.drop_duplicates([*place, "cam", "rule", "by"])
    effect = table[table["rule"] == "effect"].set_index(place)
    use = table[table["rule"] == "use"].join(effect[["score", "chosen", "by"]], on=place, rsuffix="_effect")
    use = use[use["chosen_effect"].notna()]
    both = use["chosen"].astype(bool) & use["chosen_effect"].astype(bool)
    score = use["score_effect"].where(use["chosen"].astype(bool))
    verdict = use.assign(rule="verdict", by=use["by_effect"], score=score, chosen=both)
    return pd.concat([table, verdict[table.columns]], ignore_index=True)
