"""The same region under other labels as its control, written again with loops over labels."""

import numpy as np
import pandas as pd
import pytest

from emocam.cells.control_by_labels import has_room, held_against_labels, under_other_labels

LABELS = {"joy": 6, "fear": 4, "calm": 2, "awe": 1}
"""And so many pictures in which a region was tried."""


def trials(object: str, control: str, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    rows = [
        {"object": object, "label": label, "image": f"{label}{i}.png", "fill": fill, "control": control}
        for label, images in LABELS.items()
        for i in range(images)
        for fill in ("grey", "blur")
    ]
    drawn = {"effect": draw.normal(size=len(rows)), "effect_control": draw.normal(size=len(rows))}
    turned = {name: draw.random(len(rows)) < 0.5 for name in ("flipped", "flipped_control")}
    return pd.DataFrame(rows).assign(**drawn, **turned)


def slowly(rows: pd.DataFrame, column: str, object: str, label: str, fill: str) -> tuple[float, float]:
    """The mean of the other labels' means, and its standard error; of a label with one picture nothing is known."""
    means, errors = [], []
    for other in LABELS:
        chosen = (rows["object"] == object) & (rows["label"] == other) & (rows["fill"] == fill)
        values = rows.loc[chosen, column].astype(float).tolist()
        if other != label and len(values) > 1:
            means.append(sum(values) / len(values))
            spread = sum((value - means[-1]) ** 2 for value in values) / (len(values) - 1)
            errors.append(spread / len(values))
    return sum(means) / len(means), sum(errors) ** 0.5 / len(means)


@pytest.mark.parametrize(("with_shape", "room"), [(0, False), (2, False), (3, True), (6, True)])
def test_a_region_has_room_where_half_of_its_trials_found_a_place(with_shape: int, room: bool) -> None:
    controls = ["shape"] * with_shape + ["pieces"] * (6 - with_shape)
    rows = pd.DataFrame({"object": ["hair"] * 6 + ["nose"] * 2, "control": [*controls, "shape", "none"]})
    assert has_room(rows).to_dict() == {"hair": room, "nose": True}


def test_each_other_label_counts_alike_and_one_picture_is_none() -> None:
    rows = trials("hair", "pieces", 0)
    found = under_other_labels(rows.set_index(["object", "label", "fill", "image"])["effect"])
    assert len(found) == 2 * len(LABELS)
    for (object, label, fill), row in found.iterrows():
        assert tuple(row) == pytest.approx(slowly(rows, "effect", object, label, fill))


def test_a_region_seen_under_one_label_alone_has_no_control() -> None:
    rows = trials("hair", "pieces", 1)
    alone = rows[rows["label"].isin(["joy", "awe"])].set_index(["object", "label", "fill", "image"])
    found = under_other_labels(alone["effect"])
    assert found.xs("joy", level="label").isna().all(axis=None)  # awe has one picture
    assert found.xs("awe", level="label")["mean"].notna().all()


def test_what_has_room_keeps_its_control_and_what_has_none_gets_that_of_other_labels() -> None:
    rows = pd.concat([trials("hair", "pieces", 2), trials("nose", "shape", 3)], ignore_index=True)
    found, by_labels = held_against_labels(rows)
    assert by_labels.tolist() == (rows["object"] == "hair").tolist()
    for before, after in zip(rows.to_dict("records"), found.to_dict("records"), strict=True):
        own = before["object"], before["label"], before["fill"]
        for column, control in (("effect", "effect_control"), ("flipped", "flipped_control")):
            expected = slowly(rows, column, *own)[0] if own[0] == "hair" else float(before[control])
            assert after[control] == pytest.approx(expected)
            assert after[column] == before[column]


def test_a_row_without_any_control_is_not_said_to_have_one() -> None:
    rows = trials("hair", "pieces", 4)
    alone = rows[rows["label"] == "joy"].reset_index(drop=True)
    found, by_labels = held_against_labels(alone)
    assert not by_labels.any() and found["effect_control"].isna().all()
