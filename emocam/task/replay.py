"""The same evidence under other thresholds and names: no network, and no picture opened but for the page.

Only an `effect` and a `paste` ask the classifier again, the one of the run that is replayed.
"""

from dataclasses import dataclass
from pathlib import Path

from emocam.data.base import AUTO, Data
from emocam.effect.pairs import Pairs
from emocam.errors import ForeignSetting, SettingError
from emocam.predict.components import Components
from emocam.predict.groups import write_groups
from emocam.predict.recall import recall
from emocam.predict.relabelled import write_relabelled
from emocam.predict.renamed import write_renamed
from emocam.results.evidence_source import SHARDS, source_of
from emocam.results.files import ASKED, EVIDENCE, FILES, PAIR_STATE, PREDICTIONS, SUMS, parquet
from emocam.results.parquet_file import has_table
from emocam.results.parts import copy_table, remove_table
from emocam.results.picture_faults import explained_contents, picture_faults
from emocam.results.run import Run
from emocam.settings.recorded import kept_settings, recorded_settings, settings_file, tell_foreign_paths

UNFINISHED = (SHARDS, "pasting", "trying", PAIR_STATE)
"""Folders of a run that was interrupted; the evidence itself is complete without the first."""
COMPARED = "comparison.csv"
"""What only a sweep's folder and that of a comparison hold."""


@dataclass
class Replay:
    """`evidence` is a finished run's folder, or the evidence.parquet in it."""

    evidence: str | None = None

    def perform(self, components: Components) -> Data | None:
        source = source_of(self.evidence)
        # before anything of it is copied: a run that came from elsewhere may say what it must not
        root = (components.settings.get("data") or {}).get("root")
        address = root if "://" in str(root) else None  # which the command line has named
        settings = recorded_settings(source, address) if settings_file(source).is_file() else None
        if settings is not None:
            tell_foreign_paths(source, settings, Run(source).names.get("made_of", {}).get("source"))
        with components.stage("copy"):
            copy_evidence(source, components.folder)
            if components.renames:
                vocabulary = components.build("vocabulary")
                write_renamed(components.folder, vocabulary, components.settings["vocabulary"])
            if components.relabels:
                names = components.build("labels")
                write_relabelled(components.folder, names, components.settings["labels"])
        data = self._data(components)
        if components.paste is not None or components.effect is not None:
            for fault in picture_faults(source):  # what was found in them is no longer there
                raise SettingError(f"evidence {source}: {fault}")
            _intervene(components, data)
        return data

    def _data(self, components: Components) -> Data | None:
        """Return what can open the pictures of the run that is replayed; None where they are gone."""
        now = components.settings.get("data") or {}
        data: Data | None = None
        fault = SettingError(
            f"data.group and data.time: evidence {self.evidence} does not say which data made it"
        )
        if "_target_" in now:
            try:
                data = components.data
                recall(data, [components.folder])
            except ForeignSetting:
                raise
            except SettingError as error:  # its pictures are no longer there
                if components.effect is not None or components.paste is not None:
                    raise
                fault = error
        units = [now.get("group"), now.get("time")]
        if data is not None:
            write_groups(components.folder, data)
        elif units != Run(components.folder).names.get(ASKED, [None, None]):
            if set(units) - {None, AUTO}:  # columns, which only the data know
                raise fault
            write_groups(components.folder, Data(group=now.get("group")))
        return data


def check_replay_folder(folder: Path, source: Path) -> None:
    """Refuse a folder that holds another run than a replay of the same evidence."""
    if folder.resolve() == source.resolve():
        raise SettingError(
            f"hydra.run.dir {folder} is the run that is replayed; name another folder, so that neither is lost"
        )
    begun = (folder / UNFINISHED[0]).is_dir()
    if not begun and not any((folder / name).exists() for name in (parquet(PREDICTIONS), COMPARED)):
        return
    settings = kept_settings(folder)
    task = settings.get("task")
    evidence = (task.get("evidence") if isinstance(task, dict) else None, settings.get("evidence"))
    if not begun and any(_is_same(other, source) for other in evidence):
        return
    raise SettingError(
        f"hydra.run.dir {folder} holds a run that is no replay of {source}; name another folder, or remove this one"
    )


def copy_evidence(source: Path, folder: Path) -> None:
    """Copy the tables of a finished run; no other table stays."""
    for name in FILES:
        if has_table(source / parquet(name)):
            copy_table(source / parquet(name), folder / parquet(name))
        else:
            remove_table(folder / parquet(name))
    sums = folder / parquet(SUMS)
    if has_table(source / sums.name) and not has_table(sums):
        try:
            copy_table(source / sums.name, sums)
        except SettingError:  # what is gone of it is counted again
            remove_table(sums)


def _is_same(evidence: object, source: Path) -> bool:
    """Return whether recorded evidence is that of a run."""
    if not isinstance(evidence, str) or "${" in evidence:
        return False
    folder = Path(evidence).expanduser()
    return (folder.parent if folder.name == parquet(EVIDENCE) else folder).resolve() == source.resolve()


def _intervene(components: Components, data: Data | None) -> None:
    """Measure what the recorded classifier makes of changed pictures, which must still be there."""
    if data is None:
        what = "paste" if components.effect is None else "effect"
        raise SettingError(f"{what}: the evidence does not say which pictures and which classifier made it")
    # they bring Lightning, and most replays measure nothing
    from emocam.intervention.effect import measure_effect
    from emocam.intervention.pairs import measure_pairs
    from emocam.intervention.paste import paste_all

    data.prepare()
    data.explained = explained_contents(components.folder)
    key = str(Run(components.folder).names.get("key", ""))
    if components.paste is not None:
        paste_all(components, components.listing, key)
    if components.effect is not None:
        measure_effect(components, key)
        if isinstance(components.effect, Pairs):
            measure_pairs(components, key)
