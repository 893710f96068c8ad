"""What a replay cannot apply is refused by name, whether a word or a file of settings says it."""

import pytest
from omegaconf import DictConfig, OmegaConf

from emocam.errors import SettingError
from emocam.settings.replay_words import check_evidence_unused, check_replay

USUAL = {
    "task": {"_target_": "emocam.task.association.Association"},
    "data": {"_target_": "emocam.data.planted.Planted", "limit": None, "seed": "${seed}", "group": None},
    "cam": None,
    "importance": {"_target_": "emocam.importance.mean.Mean"},
    "threshold": {"importance": 0.3},
    "effect": None,
    "evidence": None,
    "seed": 0,
}
REPLAY = {"task": {"_target_": "emocam.task.replay.Replay", "evidence": "${evidence}"}, "evidence": "R"}


def composed(**changed: object) -> DictConfig:
    return OmegaConf.create({**USUAL, **REPLAY, **changed})


def refusal(*words: str, **changed: object) -> str:
    with pytest.raises(SettingError) as told:
        check_replay(composed(**changed), ["task=replay", "evidence=R", *words], OmegaConf.create(USUAL))
    return str(told.value)


@pytest.mark.parametrize(
    "word",
    ["cam=ablation", "cam=null", "~cam", "+cam.samples=3", "cam@data=x", "detector.score=0.5", "importance=peak",
     "classifier=emonet", "precision=bf16", "data=folder", "data.limit=10", "data.limit=null", "data.shard=1/2",
     "data.resize=fast", "dataset=mine", "thresholds=mine", "+anything.new=1"],
)  # fmt: skip
def test_a_word_that_cannot_be_applied_is_refused_by_name(word: str) -> None:
    sentence = refusal(word)
    assert sentence.startswith(f"{word} cannot be applied by a replay") and "\n" not in sentence


def test_each_such_word_has_a_sentence() -> None:
    assert [line.split(" ")[0] for line in refusal("cam=lift", "seed=3").split("\n")] == [
        "cam=lift",
        "seed=3",
    ]


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["threshold.importance=0.1"], {"threshold": {"importance": 0.1}}),
        (["threshold=mine"], {"threshold": {"importance": 0.1, "more": 2}}),
        (["data.group=auto"], {"data": {**USUAL["data"], "group": "auto"}}),  # type: ignore[dict-item]
        (["+effect=erase", "seed=5"], {"effect": {"images": 3}, "seed": 5}),
        (["callback.report.faces=true", "~callback.cells", "logger=null", "hydra.run.dir=x"], {}),
        (["+experiment=mine"], {"threshold": {"importance": 0.1}, "experiment": "mine"}),
    ],
)
def test_what_can_be_applied_is_taken(words: list[str], changed: dict[str, object]) -> None:
    check_replay(composed(**changed), words, OmegaConf.create(USUAL))


def test_a_seed_means_nothing_where_no_lots_are_drawn() -> None:
    assert refusal("seed=5", seed=5) == "seed=5 changes nothing in a replay without an effect; leave it out"


@pytest.mark.parametrize("word", ["+experiment=mine", "threshold=mine"])
def test_what_a_file_of_settings_says_is_refused_too(word: str) -> None:
    """By a study, and by an option of an applied group that sets more than its own."""
    sentence = refusal(word, importance={"_target_": "emocam.importance.peak.Peak"})
    said = "+experiment=mine" if "experiment" in word else "a file of settings"
    assert sentence.startswith(
        f"{said} sets importance._target_=emocam.importance.peak.Peak, which a replay cannot"
    )
    assert refusal(word, data={**USUAL["data"], "limit": 5}).startswith(f"{said} sets data.limit=5,")  # type: ignore[dict-item]


def test_evidence_for_a_task_that_takes_none_is_refused() -> None:
    with pytest.raises(SettingError, match="evidence=R is taken by task=replay and task=grid alone"):
        check_evidence_unused(OmegaConf.create({**USUAL, "evidence": "R"}))
    check_evidence_unused(OmegaConf.create(USUAL))
