"""Several values in one pass, and the matrix that their runs leave."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.cells.occurrences import Occurrences
from emocam.classifier.base import Classifier
from emocam.compare.attributes import attribute_sentences, balances
from emocam.errors import SettingError
from emocam.runner.joined_cams import quoted_target, targets_of

LABELS = ["cheer +", "cheer -", "awe +", "awe -"]
QUICK = (
    "data.world=values",
    "data.images=12",
    "quiet=true",
    "logger=null",
    "data.workers=0",
    "~callback.report",
)


@pytest.mark.slow
def test_several_targets_leave_what_single_runs_leave_and_one_matrix(
    emocam, tmp_path: Path, monkeypatch
) -> None:
    seen: list[int] = []
    cut = Classifier.cut
    monkeypatch.setattr(Classifier, "cut", lambda self, x: seen.append(len(x)) or cut(self, x))
    effect = ("+effect=erase", "effect.images=2", "effect.least=2", "effect.cells=3", "effect.random=0")
    words = ("verdict.images=2", "verdict.effect_images=2", "effect.fills=[grey]", "cam=joined")
    asked = ("cam.methods=[gradcam]", "cam.targets=[cheer]", "hydra.run.dir=joined")
    assert emocam(*QUICK, *effect, *words, *asked) == 0
    assert sum(seen) == 12  # both directions in one pass
    alone = ("cam=gradcam", "cam.target='cheer -'", "hydra.run.dir=alone")
    assert emocam(*QUICK, *alone) == 0
    for name in ("predictions", "evidence", "maps"):
        one, other = (pd.read_parquet(tmp_path / run / f"{name}.parquet") for run in ("joined/1", "alone"))
        pd.testing.assert_frame_equal(one, other)
    table = pd.read_csv(tmp_path / "joined/attributes.csv").set_index("object")
    assert (table["attribute"] == "cheer").all() and (tmp_path / "joined/report/index.html").is_file()
    kept = {}
    for number, sign in enumerate("+-"):
        cells = pd.read_parquet(tmp_path / f"joined/{number}/cells.parquet")
        own = cells[cells["label"].astype(str) == f"cheer {sign}"].set_index("object")
        kept[sign] = own["kept"]
        column = {"+": "up", "-": "down"}[sign]
        np.testing.assert_allclose(table[column], own["use"].reindex(table.index))
    expected = (kept["+"] - kept["-"]) / own["present"].where(own["present"] > 0)
    np.testing.assert_allclose(table["balance"], expected.reindex(table.index))


def test_a_balance_is_the_difference_of_shares_and_units_are_drawn_whole() -> None:
    image, object = np.array([0, 1, 2, 3, 3]), np.array([0, 0, 0, 0, 1])

    def counted(kept: list[bool]) -> Occurrences:
        return Occurrences(np.zeros(4, np.int64), image, object, np.array(kept), 3)

    up, down = counted([True, True, True, False, False]), counted([False, False, True, False, True])
    balance, low, high = balances(up, down, np.arange(4))
    assert balance[:2].tolist() == [0.5, -1] and np.isnan([balance[2], low[2], high[2]]).all()
    assert low[0] == 0 and high[0] == 1
    whole = balances(up, down, np.zeros(4, np.int64))
    assert whole[1][0] == whole[2][0] == 0.5


def test_names_stand_for_both_directions_and_one_misspelt_among_many_is_named() -> None:
    assert targets_of("all", LABELS, True) == LABELS
    assert targets_of(["awe", "awe -", "cheer +"], LABELS, True) == ["awe +", "awe -", "cheer +"]
    with pytest.raises(SettingError, match=r"cam\.targets: 'chear \+' is no label; did you mean cheer \+"):
        targets_of([*LABELS, "chear +"], LABELS, True)
    with pytest.raises(SettingError, match="answers with labels"):
        targets_of("all", ["joy", "fear"], False)
    with pytest.raises(SettingError, match="must be all or a list"):
        targets_of("every", LABELS, True)
    assert quoted_target("it's +") == r"'it\'s +'"


def test_too_few_pictures_are_no_finding_that_nothing_acts() -> None:
    rows = {"object": ["Kite"], "attribute": ["cheer"], "effect": [0.4], "verdict": ["too few pictures"]}
    (line,) = attribute_sentences(pd.DataFrame(rows), "SD")
    assert line == "1 measured cell has too few pictures or groups for a verdict, such as Kite"
