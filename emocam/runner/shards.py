"""Finished runs of a corpus's shards: whether they are all there, once, and of one run."""

from collections.abc import Sequence
from pathlib import Path

from emocam.compare.setting_differences import differing_settings
from emocam.errors import SettingError
from emocam.results.merge_tables import ShardRun
from emocam.results.run import Run
from emocam.settings.recorded import kept_settings
from emocam.settings.shard import Shard

FREE = ("data.shard", "data.batch_size", "data.workers", "data.max_unreadable", "data.export")
"""Settings in which shards of one run may differ."""
MOST_NAMED = 8


def read_shard_run(folder: Path) -> ShardRun:
    """Read a finished run of a shard."""
    settings = kept_settings(folder)
    if not settings:
        raise SettingError(f"RUN {folder} does not say how it was made: it has no .hydra/config.yaml")
    shard = (settings.get("data") or {}).get("shard")
    if shard is None:
        raise SettingError(f"RUN {folder} is no shard of a corpus: it was run without data.shard")
    if not (folder / "summary.json").is_file() or (folder / "shards").exists():
        raise SettingError(
            f"RUN {folder}, shard {shard}, is not finished; the same command with the same hydra.run.dir "
            "goes on where it stopped"
        )
    return ShardRun(folder, Shard.read(shard))


def all_shards(shard_runs: Sequence[ShardRun]) -> list[ShardRun]:
    """Return the shards in the order of their numbers, if each is there once."""
    divided = {shard_run.shard.of: shard_run for shard_run in shard_runs}
    if len(divided) > 1:
        one, other, *_ = divided.values()
        raise SettingError(
            f"the shards divide the corpus differently: {one.folder} is {one.shard}, "
            f"{other.folder} is {other.shard}"
        )
    found: dict[Shard, ShardRun] = {}
    for shard_run in shard_runs:
        if shard_run.shard in found:
            earlier = found[shard_run.shard].folder
            raise SettingError(
                f"shard {shard_run.shard} is there twice: {earlier} and {shard_run.folder}; name one"
            )
        found[shard_run.shard] = shard_run
    (of,) = divided
    missing = [str(Shard(n, of)) for n in range(1, of + 1) if Shard(n, of) not in found]
    if missing:
        more = ", ..." if len(missing) > MOST_NAMED else ""
        raise SettingError(
            f"{len(missing)} of {of} shards missing: {', '.join(missing[:MOST_NAMED])}{more}; "
            f"run the command with data.shard={missing[0]}, and name its folder too"
        )
    return [found[shard] for shard in sorted(found)]


def check_same_settings(shard_runs: Sequence[ShardRun]) -> None:
    """Check that the shards have the same settings, labels, objects and version."""
    runs = [Run(shard_run.folder) for shard_run in shard_runs]
    table = differing_settings(runs).drop(columns=list(FREE), errors="ignore")
    values = {name: list(table[name]) for name in map(str, table)}
    values |= {name: [run.names.get(name) for run in runs] for name in ("labels", "objects", "version")}
    for name, column in values.items():
        other = next((place for place, value in enumerate(column) if str(value) != str(column[0])), None)
        if other is not None:
            raise SettingError(
                f"the shards are not of one run: {name} is {_short(column[0])} in {shard_runs[0].folder} and "
                f"{_short(column[other])} in {shard_runs[other].folder}"
            )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
