"""A cell in words: the verdict first, then counts, and nothing that was not measured."""

import numpy as np
import pytest

from emocam.cells.verdict import WORDS
from emocam.cells.verdict_words import how_often, verdict_sentence

BOAT = {
    "object": "Boat",
    "label": "Calm",
    "images": 74,
    "present": 74,
    "kept": 74,
    "present_percent_of_all": 51.2,
    "use": 1.0,
    "use_chance": 0.19,
    "effect": 4.0,
    "effect_control": 0.1,
    "effect_images": 40,
    "flips": 1.0,
    "flips_control": 0.0,
    "verdict": "used",
}


def test_a_cell_in_words() -> None:
    assert verdict_sentence(BOAT, pictures=400) == (
        "The classifier uses Boat to answer Calm. Boat is in all 74 pictures that the classifier calls Calm "
        "(51 % of all 400 pictures); "
        "looked at in every one (19 % by chance); "
        "taken away in 40 pictures, it changes the answer every time, as much taken away elsewhere never."
    )


def test_shares_are_told_by_their_counts() -> None:
    told = verdict_sentence(BOAT | {"present": 60, "kept": 45, "flips": 0.41, "flips_control": 0.03})
    assert "Boat is in 60 of 74 pictures that the classifier calls Calm" in told
    assert "looked at in 45 of these 60 (19 % by chance)" in told
    assert "changes the answer in 41 %, as much taken away elsewhere in 3 %" in told


def test_an_effect_that_seldom_changes_the_answer_is_told_by_its_log_odds() -> None:
    told = verdict_sentence(BOAT | {"flips": 0.01, "effect": 0.9})
    assert told.endswith("and makes it less likely (by 0.9 log-odds, 0.1 there).")
    assert "log-odds" not in verdict_sentence(BOAT | {"flips": 0.01, "verdict": "present only"})


def test_a_control_by_other_labels_is_said_so() -> None:
    sentence = verdict_sentence(BOAT | {"effect_rule": "part, labels, masks", "chance_rule": "labels"})
    assert "the same region taken away under other labels never" in sentence
    assert "(19 % under other labels)" in sentence


def test_what_was_put_in_is_said_so() -> None:
    told = verdict_sentence(BOAT | {"tried": "inserted"})
    assert (
        "put into 40 pictures, it turns the answer to this label every time, a patch without it never" in told
    )


def test_values_move_by_their_unit() -> None:
    told = verdict_sentence(BOAT | {"label": "valence -", "effect": 0.4}, unit="points")
    assert (
        "taken away in 40 pictures, it moves valence by +0.40 points, as much taken away elsewhere by +0.10"
        in told
    )


def test_what_was_not_measured_is_left_out() -> None:
    bare = BOAT | {"use_chance": np.nan, "flips": np.nan, "flips_control": np.nan, "verdict": None}
    told = verdict_sentence(bare)
    assert told == "Boat is in all 74 pictures that the classifier calls Calm (51 % of all pictures)."


def test_where_no_effect_was_found_the_sentence_says_which_would_have_been() -> None:
    told = verdict_sentence(BOAT | {"verdict": "present only", "visible_effect": 1.26})
    assert told.startswith(
        "Boat comes with Calm, but the classifier does not go by it, as far as can be told. "
    )
    assert told.endswith("an effect of 1.3 log-odds would have been found in four of five tries.")
    assert "four of five" not in verdict_sentence(BOAT | {"visible_effect": 1.26})
    assert "four of five" not in verdict_sentence(
        BOAT | {"verdict": "present only", "visible_effect": np.nan}
    )


def test_every_verdict_has_a_sentence_of_its_own() -> None:
    leads = {verdict_sentence(BOAT | {"verdict": word}).split(". ")[0] for word in WORDS}
    assert len(leads) == len(WORDS) and all("Boat" in lead and "Calm" in lead for lead in leads)


@pytest.mark.parametrize(("share", "words"), [(1.0, "every time"), (0.0, "never"), (0.996, "in 100 %")])
def test_only_all_and_none_are_every_time_and_never(share: float, words: str) -> None:
    assert how_often(share) == words
