import pandas as pd
import pytest

from emocam.plot.recovery import LINES, recovery_figure


def cells(cam: str, rule: str, by: str, world: str, scores: list[float], chosen: list[bool]) -> pd.DataFrame:
    """Four cells of one run, of which the first two are used; in the null world none is."""
    used = [world != "nothing"] * 2 + [False] * 2
    named = {"cam": cam, "rule": rule, "by": by, "world": world, "seed": 0}
    return pd.DataFrame({**named, "used": used, "score": scores, "chosen": chosen})


def test_a_panel_a_cam_a_line_a_rule_and_its_decision_as_a_dot() -> None:
    table = pd.concat(
        [
            cells("gradcam", "paper", "mean", "standard", [9, 3, 5, 1], [True, False, True, False]),
            cells("centre", "paper", "mean", "standard", [1, 1, 5, 5], [False, False, True, True]),
            cells("", "presence", "", "standard", [9, 9, 9, 9], [True] * 4),
            cells("edges", "paper", "mean", "nothing", [9, 9, 9, 9], [True] * 4),
        ]
    )
    figure = recovery_figure(table)
    panels = {ax.get_title(): ax for ax in figure.axes if ax.get_visible()}
    assert list(panels) == ["gradcam", "centre"]
    paper, dot, *_ = panels["gradcam"].lines
    assert paper.get_xdata().tolist() == [0, 0, 1, 1, 2]
    assert paper.get_ydata() == pytest.approx([0, 0.5, 0.5, 1, 1])
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (1, 0.5)
    assert len(panels["centre"].lines) == 4  # two rules, a line and a dot each
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        label for label, _ in LINES.values()
    ]


def test_the_legend_lies_within_a_narrow_figure_and_nothing_used_is_said() -> None:
    table = cells("gradcam", "paper", "mean", "nothing", [9, 3, 5, 1], [True, False, True, False])
    figure = recovery_figure(table)
    figure.draw_without_rendering()
    box, whole = figure.legends[0].get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1
    assert figure.axes[0].get_title() == "no cell of these runs is used"
