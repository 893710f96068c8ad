"""The parts of `make soak` at a size of seconds: what they hold good is good, and what they must notice they do."""

import importlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

SOAK = Path(__file__).parents[1] / "benchmarks" / "soak"


@pytest.fixture
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A part by its name, imported as the scripts import each other, and forgotten again: their names are short."""
    monkeypatch.setenv("PYTHONPATH", str(SOAK.parents[1]))
    sys.path.insert(0, str(SOAK))
    before = set(sys.modules)
    try:
        yield importlib.import_module(request.param)
    finally:
        sys.path.remove(str(SOAK))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(SOAK)):
                del sys.modules[name]


def step(part: ModuleType, number: int, tmp_path: Path, **given: int) -> dict[str, object]:
    folder = tmp_path / f"step-{number}"
    folder.mkdir()
    return part.step(number, folder, tmp_path, **given)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["kills"], indirect=True)
def test_killed_commands_end_as_those_that_were_not(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "KILLS", 2)
    for number, kind in enumerate(part.KINDS):
        if kind == "shards and merge":
            outcome = step(part, number, tmp_path)
            assert outcome["faults"] == [] and outcome["kills"]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["stale"], indirect=True)
def test_an_input_that_changed_is_answered_as_it_is_now_or_refused(part: ModuleType, tmp_path: Path) -> None:
    outcome = step(part, 9, tmp_path)  # boxes of COCO
    assert outcome["faults"] == [] and outcome["cases"] == 2
    assert outcome["answered as now"] == outcome["refused in a sentence"] == 1


@pytest.mark.parametrize("part", ["equal"], indirect=True)
def test_a_row_that_is_lost_or_changed_is_noticed(part: ModuleType, emocam, tmp_path: Path) -> None:
    emocam("data.images=4", "logger=null", "~callback.report", "data.workers=0", "hydra.run.dir=run")
    shutil.copytree("run", "other")
    assert list(part.differences(Path("other"), Path("run"))) == []
    table = pq.read_table("other/predictions.parquet")
    pq.write_table(table.slice(1), "other/predictions.parquet")
    found = list(part.differences(Path("other"), Path("run")))
    assert "predictions.parquet has other rows" in found and any(f.startswith("verify: ") for f in found)


@pytest.mark.parametrize("part", ["pictures"], indirect=True)
def test_damaged_pictures_are_decoded_or_refused(part: ModuleType, tmp_path: Path) -> None:
    outcome = step(part, 0, tmp_path, most=400)
    assert outcome["faults"] == [] and outcome["pictures"] == 400
    assert outcome["decoded"] > 50 and outcome["refused"] > 50
    good = part.seeds()
    assert len(good) == 40
    dice = random.Random(1)
    assert sum(part.damaged(good, dice) not in good for _ in range(50)) > 40


@pytest.mark.parametrize("part", ["pictures"], indirect=True)
def test_a_picture_that_ends_its_process_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emocam.data import image_file

    def fatal(*_: object) -> None:
        raise SystemExit(11)

    monkeypatch.setattr(image_file, "open_upright", fatal)
    (fault,) = step(part, 0, tmp_path, most=3)["faults"]
    assert fault.startswith("picture 0 of the step ended its process with 11")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["disk"], indirect=True)
def test_a_full_disk_is_one_sentence_and_the_command_ends_well_afterwards(
    part: ModuleType, tmp_path: Path
) -> None:
    assert step(part, 1, tmp_path)["faults"] == []


@pytest.mark.slow
@pytest.mark.parametrize("part", ["store"], indirect=True)
def test_three_commands_share_a_store_that_none_finds(part: ModuleType, tmp_path: Path) -> None:
    outcome = step(part, 0, tmp_path, processes=3)
    assert outcome["faults"] == [] and outcome["complete"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("part", ["many_runs"], indirect=True)
def test_runs_in_one_process_keep_no_file_and_no_thread(part: ModuleType, tmp_path: Path) -> None:
    outcome = step(part, 0, tmp_path, runs=3, settled=2, images=12)
    assert [
        fault for fault in outcome["faults"] if "memory" not in fault
    ] == []  # after so few it still settles


@pytest.mark.parametrize("part", ["steps"], indirect=True)
def test_a_part_goes_on_where_it_stopped_and_keeps_what_went_wrong(part: ModuleType, tmp_path: Path) -> None:
    done = []

    def one(number: int, folder: Path, shared: Path) -> dict[str, object]:
        if number == 2 and len(done) == 2:
            raise KeyboardInterrupt
        done.append(number)
        return {"things": 2, "most bytes": number, "faults": ["bad"] if number == 1 else []}

    whole = part.Part(one, 4)
    with pytest.raises(KeyboardInterrupt):
        part.run_part("x", whole, tmp_path, 1.0)
    done.append(-1)
    assert part.run_part("x", whole, tmp_path, 1.0) == 1
    assert done == [0, 1, -1, 2, 3]
    state = part.read_state(tmp_path)["x"]
    assert state["counts"] == {"things": 8, "most bytes": 3} and state["faults"] == ["step 1: bad"]
    assert (tmp_path / "x" / "step-1").is_dir() and not (tmp_path / "x" / "step-0").exists()


@pytest.mark.parametrize("part", ["annotation_files"], indirect=True)
def test_damaged_annotations_are_read_or_refused_and_another_end_is_a_fault(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = step(part, 0, tmp_path, most=5)
    assert counts["files"] == 5 * len(part.READERS) == counts["read"] + counts["refused"]
    assert counts["faults"] == []

    import emocam.data.annotations.formats as formats

    read = formats.read_annotations
    calls: list[Path] = []

    def falls(place: Path) -> object:
        calls.append(place)
        return read(place) if len(calls) != 2 else [][0]

    monkeypatch.setattr(formats, "read_annotations", falls)
    (told,) = step(part, 1, tmp_path, most=1)["faults"]
    assert told.startswith("coco 0 of step 1: IndexError")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["ranks"], indirect=True)
def test_uneven_processes_count_as_three_loops_and_a_sampler_that_repeats_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pytorch_lightning.trainer.connectors.data_connector as lightning
    from torch.utils.data import DistributedSampler

    class Padding(DistributedSampler):
        """Repeats pictures until all processes have as many, as Lightning does where it trains."""

    outcome = step(part, 1, tmp_path, images=(1, 7), batches=(4,))
    assert outcome["faults"] == [] and outcome["as one process"] == 2
    monkeypatch.setattr(lightning, "UnrepeatedDistributedSamplerWrapper", Padding)
    faults = step(part, 5, tmp_path, images=(7,), batches=(4,))["faults"]
    assert any("1 images are there twice" in fault for fault in faults)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["doors"], indirect=True)
def test_code_in_settings_and_files_is_refused_and_an_open_door_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(part.PAYLOADS) == 30
    names = list(part.PAYLOADS)
    for name in ("a pickle in a .pt", "another name of it", "a store with a secret in its address"):
        assert step(part, names.index(name), tmp_path)["faults"] == []

    import emocam.network.weights as weights

    load = weights.torch.load
    monkeypatch.setattr(
        weights.torch, "load", lambda *given, **more: load(*given, **more | {"weights_only": False})
    )
    outcome = step(part, 30 + names.index("a pickle in a .pt"), tmp_path)
    assert outcome["executed"] == 1 and "its code ran" in outcome["faults"][0]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["random_settings"], indirect=True)
def test_random_settings_are_told_in_a_sentence_or_built_and_another_end_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = step(part, 0, tmp_path, most=6, runs=0)
    assert (
        outcome["faults"] == []
        and outcome["commands"] == outcome["told in a sentence"] + outcome["built"] == 6
    )
    import emocam.settings.check as check

    monkeypatch.setattr(check, "check_settings", lambda *_: {}["threshold"])
    faults = step(part, 1, tmp_path, most=1, runs=0)["faults"]
    assert "emocam failed with KeyError" in faults[0]


@pytest.mark.parametrize("part", ["oracles"], indirect=True)
def test_numbers_agree_with_other_ways_and_a_box_read_a_little_aside_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = step(part, 0, tmp_path, pictures=3)
    assert outcome["faults"] == [] and outcome["boxes"] == 18
    import emocam.functional.map.maps as maps

    means = maps.box_means
    monkeypatch.setattr(
        maps, "box_means", lambda cells, window, boxes, image: means(cells, window, boxes + 1e-4, image)
    )
    assert any("a mean in a box differs" in fault for fault in step(part, 1, tmp_path, pictures=3)["faults"])


@pytest.mark.slow
@pytest.mark.parametrize("part", ["turned"], indirect=True)
def test_boxes_of_turned_pictures_lie_where_a_person_sees_them_and_one_that_does_not_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert part.CASES[1] == ("coco", "stored") and len(part.CASES) == 12
    outcome = step(part, 1, tmp_path)
    assert outcome["faults"] == [] and outcome["within a pixel"] == 16
    import emocam.data.annotations.orientation as orientation

    monkeypatch.setattr(orientation, "TURNS", orientation.TURNS | {6: orientation.TURNS[8]})
    assert ["turned by 6" in fault for fault in step(part, 13, tmp_path)["faults"]] == [True]


def one_more(places: np.ndarray) -> np.ndarray:
    """The places in a listing, with the first that is missing among them where there are any."""
    return (
        np.union1d(places, [np.setdiff1d(np.arange(len(places) + 1), places)[0]]) if len(places) else places
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", ["invariance"], indirect=True)
def test_batches_workers_order_and_interruptions_do_not_matter_and_lost_rows_are_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(part.WAYS) == 18
    assert step(part, 11, tmp_path)["faults"] == []  # batch 7, two workers, shuffled
    from emocam.results.chunks import Chunks

    # a run that goes on takes one picture more for done than there is
    done = Chunks.done
    monkeypatch.setattr(Chunks, "done", lambda chunks: one_more(done(chunks)))
    (fault,) = step(part, 29, tmp_path)["faults"]
    assert "1 are lost" in fault


@pytest.mark.slow
@pytest.mark.parametrize("part", ["metamorphic"], indirect=True)
def test_a_changed_corpus_changes_what_it_must_and_boxes_left_behind_are_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "PICTURES", 4)
    outcome = step(part, 0, tmp_path)
    assert outcome["faults"] == [] and outcome["as they must"] == 8
    mirrored = part.mirrored
    monkeypatch.setattr(part, "mirrored", lambda corpus: part.replace(mirrored(corpus), boxes=corpus.boxes))
    assert step(part, 1, tmp_path)["faults"] == ["mirrored: a box lies elsewhere"]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["endings"], indirect=True)
def test_the_store_says_how_a_run_ended_and_one_that_says_nothing_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(part.CASES) == 21
    for case in (
        ("Ctrl-C twice", "in the pictures"),
        ("SIGKILL", "in the page"),
        ("a full disk", "in the pictures"),
    ):
        assert step(part, part.CASES.index(case), tmp_path)["faults"] == []
    from emocam.runner.tracking import Tracking

    monkeypatch.setattr(Tracking, "fail", lambda *_: None)
    (fault,) = step(part, 21 + part.CASES.index(("an exception", "in the beginning")), tmp_path)["faults"]
    assert "the store says ['KILLED']" in fault


@pytest.mark.slow
@pytest.mark.parametrize("part", ["hostile"], indirect=True)
def test_hostile_pictures_cost_themselves_alone_and_a_good_one_that_is_not_read_is_noticed(
    part: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # by the program itself: a fork's memory begins with all that the tests before it have left in this process
    program = [sys.executable, str(SOAK), "hostile", "--size", "0.5", "--out", str(tmp_path / "soak")]
    ended = subprocess.run(program, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = json.loads((tmp_path / "soak/soak.json").read_text())["hostile"]["counts"]
    assert counts["files"] > 60 and counts["explained"] > 25 and counts["most MB"] > 300
    from emocam.data import image_file

    monkeypatch.setattr(image_file, "FORMATS", ("JPEG", "PNG"))
    faults = step(part, 2, tmp_path)["faults"]
    assert "ours: good-moving.gif was not read" in faults


@pytest.mark.parametrize("part", ["planted_truth"], indirect=True)
def test_used_objects_are_first_and_another_order_is_noticed(part: ModuleType, tmp_path: Path) -> None:
    cells = pd.DataFrame(
        {"label": ["a"] * 3, "object": ["x", "y", "z"], "use": [0.2, 0.7, 0.9], "present": [20, 20, 3]}
    )
    assert part.first_objects(cells, {("y", "a")}) == (1, 1)
    assert part.first_objects(cells, {("x", "a")}) == (0, 1)
    assert part.first_objects(cells, {("z", "a")}) == (0, 0)


@pytest.mark.parametrize("part", ["install"], indirect=True)
def test_a_place_is_good_for_a_page_or_for_one_sentence_where_nothing_can_be_written(
    part: ModuleType, tmp_path: Path
) -> None:
    def ended(status: int, out: str, err: str) -> CompletedProcess[str]:
        return CompletedProcess([], status, out, err)

    line = "12 images: 12 explained, 0 unreadable\n"
    assert part.faults_of(ended(0, line, ""), tmp_path, True) == ["it ended without a page"]
    (tmp_path / "run/report").mkdir(parents=True)
    (tmp_path / "run/report/index.html").touch()
    assert part.faults_of(ended(0, line, ""), tmp_path, True) == []
    assert part.faults_of(ended(1, "", "it may not be written\n"), tmp_path, False) == []
    for status, err, works in (
        (1, "it may not be written\n", True),
        (1, "a\nb\n", False),
        (70, "a\n", False),
    ):
        assert part.faults_of(ended(status, "", err), tmp_path, works)
    assert part.faults_of(ended(1, "", "emocam failed with OSError\n"), tmp_path, False)
