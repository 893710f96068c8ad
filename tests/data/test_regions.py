"""Series of brain regions as a corpus: read from tables, told what is odd, refused with a sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.data.region_pictures import SIDE, Frames
from emocam.data.regions import Regions
from emocam.errors import SettingError

REGIONS = ["insula", "cuneus", "OFC"]
VOLUMES = 25
SAID = (
    "start,end,emotion,observer\n0,30,fear,a\n0,40,fear,b\n60,90,joy,a\n62,80,joy,b\n"
    "0:01:50,130,fear,a\n110,130,fear,b\n"
)

Written = Callable[..., Regions]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Three runs of three regions, and what two observers say, changed as a test likes."""

    def write(
        change: Callable[[int, pd.DataFrame], pd.DataFrame] = lambda run, table: table,
        said: str = SAID,
        runs: int = 3,
        encoding: str = "utf-8",
        **settings: object,
    ) -> Regions:
        dice = np.random.default_rng(0)
        files = []
        for run in range(runs):
            table = change(run, pd.DataFrame(dice.normal(size=(VOLUMES, 3)), columns=REGIONS))
            files.append(str(tmp_path / f"run{run}.csv"))
            table.to_csv(files[-1], index=False, encoding=encoding)
        (tmp_path / "said.csv").write_bytes(said.encode(encoding))
        return Regions(tables=files, timeline=str(tmp_path / "said.csv"), **settings)  # type: ignore[arg-type]

    return write


def test_the_film_goes_on_from_run_to_run_and_a_volume_shows_what_was_seen_before(written: Written) -> None:
    data = written()
    assert data.objects == REGIONS and data.labels == ["fear", "joy"]
    assert data.paths()[VOLUMES] == "run-2/0000" and len(data.paths()) == 3 * VOLUMES
    assert data.known("run-2/0003") == {"run": "run-2", "time": 56.0, "truth": ""}
    # 34 to 36 s after the beginning show the film's 30th second, where a alone has stopped
    assert [data.known(f"run-1/{volume:04d}")["truth"] for volume in (1, 2, 16, 17)] == [
        "",
        "fear",
        "fear",
        "",
    ]
    assert data.groups() is not None and data.times() is not None
    assert any("2 volumes show what was before the film began" in note for note in data.notes)


def test_a_column_time_tells_the_film_s_seconds(written: Written) -> None:
    data = written(lambda run, table: table.assign(time=100.0 * run + 2.5 * np.arange(VOLUMES)), lag=0)
    assert data.known("run-3/0001")["time"] == 202.5 and data.found.step == 2.5 and data.objects == REGIONS
    with pytest.raises(SettingError, match="time must go on in equal steps"):
        written(lambda run, table: table.assign(time=np.arange(VOLUMES) ** 1.5))
    with pytest.raises(SettingError, match="has no column time, and other tables have one"):
        written(lambda run, table: table.assign(time=2.0 * np.arange(VOLUMES)) if run else table)


def test_one_table_may_hold_all_runs(tmp_path: Path, written: Written) -> None:
    apart = written()
    tables = [pd.read_csv(file).assign(run=f"r{run}") for run, file in enumerate(apart.tables)]
    whole = pd.concat(tables)
    whole.to_csv(tmp_path / "all.tsv", index=False, sep="\t")
    whole.to_parquet(tmp_path / "all.parquet")
    for name in ("all.tsv", "all.parquet"):
        together = Regions(tables=[str(tmp_path / name)], timeline=apart.timeline)
        assert together.paths() == apart.paths() and together.objects == apart.objects
        assert all(np.allclose(one, other) for one, other in zip(together.clean, apart.clean, strict=True))
    whole.drop(columns="run").to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(
        SettingError, match=r"at least 3 runs are needed.*got 1; give a table for each run, or one"
    ):
        Regions(tables=[str(tmp_path / "one.csv")], timeline=apart.timeline)


def test_what_is_odd_is_counted_and_told(written: Written) -> None:
    def odd(run: int, table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype(object)
        table.loc[3, "insula"] = "n/a"
        table.loc[4:5, "cuneus"] = ""
        return table.assign(OFC=1.0) if run == 1 else table

    data = written(odd, said=SAID + "500,501,joy,a\n")
    assert data.objects == ["insula", "cuneus"]
    told = "; ".join(data.notes)
    assert "run0.csv: 3 of 75 cells are no numbers" in told
    assert "1 of 3 regions do not change in one of the runs and are left out, such as OFC" in told
    assert "1 of 7 events begin after the last volume" in told


def test_a_run_s_columns_may_be_in_any_order_and_names_in_latin_1(written: Written) -> None:
    def turned(run: int, table: pd.DataFrame) -> pd.DataFrame:
        table = table.rename(columns={"insula": "île"})
        return table[table.columns[::-1]] if run == 2 else table

    data = written(turned, encoding="latin-1")
    assert data.objects == ["île", "cuneus", "OFC"]
    assert "run0.csv is no UTF-8, and was read as Latin-1" in data.notes
    again = pd.read_csv(data.tables[2], encoding="latin-1")
    assert data.found.series[2][:, 0] == pytest.approx(again["île"].to_numpy())


def test_a_name_that_was_kept_from_computing_is_itself(written: Written) -> None:
    assert written(lambda run, table: table.rename(columns={"OFC": "'=OFC"})).objects[2] == "=OFC"


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (
            lambda run, table: table.drop(columns="OFC") if run == 1 else table,
            {},
            r"run1.csv: all runs must have the same regions, and run 2 lacks OFC \(run 1 has 3, run 2 2\)",
        ),
        (
            lambda run, table: table.assign(more=table["OFC"]) if run == 2 else table,
            {},
            r"run 3 has more besides",
        ),
        (
            lambda run, table: table.astype(object).replace({table.iloc[7, 1]: "=1+1"}),
            {},
            r"run0.csv: line 9, cuneus must be a number, as of a region's series, got '=1\+1'",
        ),
        (
            lambda run, table: table.set_axis(["a", "b", "a"], axis=1),
            {},
            r"the header must be of names that differ, got 'a'",
        ),
        (lambda run, table: table.head(10), {}, r"run 1 must have at least 20 volumes, got 10"),
        (lambda run, table: table.head(0), {}, r"the table must be of a row a volume, got 'no row'"),
        (lambda run, table: table * 0, {}, r"no region changes in every run"),
        (lambda run, table: table, {"runs": 2}, r"at least 3 runs are needed.*got 2"),
        (lambda run, table: table, {"tr": 0}, r"data.tr must be a number of seconds above 0, got 0"),
        (lambda run, table: table, {"lag": 31}, r"data.lag must be a number of seconds from 0 to 30, got 31"),
        (lambda run, table: table, {"world": "brian"}, r"data.world 'brian' is not known"),
        (lambda run, table: table, {"export": "x"}, r"data.export writes a planted brain's tables"),
        (lambda run, table: table, {"frames": "nowhere"}, r"data.frames must be a film or a folder"),
        (
            lambda run, table: table,
            {"said": "start,end,emotion,film\n0,9,joy,a.mp4\n0,9,joy,b.mp4\n"},
            r"tells of 2 films, a.mp4 and b.mp4 among them, and one was seen",
        ),
        (
            lambda run, table: table,
            {"said": "start,end,emotion\n9,3,joy\n"},
            r"line 2 must be an event that ends after its start, 9 s, got 3.0",
        ),
        (
            lambda run, table: table,
            {"said": "start,end,emotion\n0:00:09:12,0:00:20:00,joy\n"},
            r"line 2, start counts frames \(0:00:09:12\), and the film's rate is not known; write seconds",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(
    written: Written, change: Callable[[int, pd.DataFrame], pd.DataFrame], settings: dict, words: str
) -> None:
    with pytest.raises(SettingError, match=words):
        written(change, **settings)


def test_tables_without_a_timeline_and_files_that_are_not_there_are_refused(written: Written) -> None:
    data = written()
    with pytest.raises(
        SettingError, match=r"data.timeline must be a file.*emocam decode TABLES --timeline FILE"
    ):
        Regions(tables=data.tables)
    with pytest.raises(SettingError, match=r"data.tables: there is no file gone.csv"):
        Regions(tables=["gone.csv"], timeline=data.timeline)


def test_a_volume_is_drawn_as_bars_below_what_was_seen(tmp_path: Path, written: Written) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    Image.new("RGB", (64, 36), "red").save(folder / "film-0.png")
    Image.new("RGB", (64, 36), "lime").save(folder / "film-12.5.png")
    framed = written(frames=str(folder))
    colours = {
        volume: np.asarray(framed.open(f"run-1/{volume:04d}").image)[60, 240].tolist()
        for volume in (0, 3, 8, 20)
    }
    assert colours == {0: [24, 24, 24], 3: [255, 0, 0], 8: [255, 0, 0], 20: [0, 255, 0]}
    plain = written().open("run-1/0003").image
    assert plain.size == SIDE and np.ptp(np.asarray(plain)[:, :, 0]) > 50
    with pytest.raises(SettingError, match="holds no picture whose name ends in a second"):
        Frames(tmp_path)


def test_a_planted_brain_read_back_from_its_files_is_the_same(tmp_path: Path) -> None:
    planted = Regions(volumes=40, export=str(tmp_path / "out"))
    planted.prepare()
    tables = [str(file) for file in sorted((tmp_path / "out").glob("run-*.csv"))]
    again = Regions(tables=tables, timeline=str(tmp_path / "out" / "observers.csv"))
    assert again.objects == planted.objects and again.paths() == planted.paths()
    assert [again.known(path) for path in again.paths()] == [planted.known(path) for path in planted.paths()]
    assert np.abs(np.concatenate(again.clean) - np.concatenate(planted.clean)).max() < 1e-4
    assert again.truth == [] and {cell["role"] for cell in planted.truth} == {"cause"}
