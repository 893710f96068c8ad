"""The same evidence under other thresholds: no network, and no picture opened but for the page.

Only an `effect` asks the classifier again, the one of the run that is replayed.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emocam.data.base import AUTO, Data
from emocam.errors import ForeignSetting, SettingError
from emocam.intervention.effect import measure_effect
from emocam.predict.components import Components
from emocam.predict.groups import write_groups
from emocam.predict.keys import written_key
from emocam.results.files import FILES
from emocam.results.run import Run
from emocam.settings.recorded import recorded_settings, settings_file, tell_foreign_paths


@dataclass
class Replay:
    """`evidence` is a finished run's folder, or the evidence.parquet in it."""

    evidence: str | None = None

    def perform(self, components: Components) -> Data | None:
        if self.evidence is None:
            raise SettingError("evidence is not set; task=replay needs evidence=FOLDER of a finished run")
        source = Path(self.evidence).expanduser()
        source = source.parent if source.name == "evidence.parquet" else source
        missing = [
            name
            for name in ("predictions", "evidence", "ledger")
            if not (source / f"{name}.parquet").is_file()
        ]
        if missing:
            raise SettingError(
                f"evidence {source} is no finished run's folder: it has no {missing[0]}.parquet"
            )
        # before anything of it is copied: a run that came from elsewhere may say what it must not
        settings = recorded_settings(source) if settings_file(source).is_file() else None
        if settings is not None:
            tell_foreign_paths(source, settings, Run(source).names.get("made_of", {}).get("source"))
        with components.stage("copy"):
            for file in FILES:
                if (source / f"{file}.parquet").is_file() and source.resolve() != components.folder.resolve():
                    shutil.copyfile(source / f"{file}.parquet", components.folder / f"{file}.parquet")
        if components.effect is not None:
            return self._intervene(source, components)
        asked = asked_now(components)
        data = self._data(settings, asked, components)
        if asked:
            write_groups(components.folder, data or Data(group=AUTO))
        return data

    def _data(
        self, settings: dict[str, Any] | None, asked: dict[str, str], components: Components
    ) -> Data | None:
        """Return what can open the pictures of the run that is replayed; None where they are gone."""
        named = set(asked.values()) - {AUTO}  # columns, which only the data know
        if settings is None:
            if named:
                raise SettingError(
                    f"data.group and data.time: evidence {self.evidence} does not say which data made it"
                )
            return None
        try:
            return components.build_recorded("data", with_groups(settings, asked))
        except ForeignSetting:
            raise
        except SettingError:  # its pictures are no longer there
            if named:
                raise
            return None

    def _intervene(self, source: Path, components: Components) -> Data:
        """Measure the effect in the pictures of the run that is replayed, on its classifier."""
        asked = asked_now(components)
        settings = with_groups(recorded_settings(source), asked)

        def build(name: str) -> Any:
            own = name in ("data", "classifier")
            return components.build_recorded(name, settings) if own else components.build(name)

        theirs = replace(components, build=build)
        theirs.data.prepare()
        if asked:
            write_groups(components.folder, theirs.data)
        measure_effect(theirs, written_key([components.folder / "predictions.parquet"]) or "")
        return theirs.data


def asked_now(components: Components) -> dict[str, str]:
    """Return which groups and times this command asks for, by setting."""
    now = components.settings.get("data") or {}
    return {name: now[name] for name in ("group", "time") if now.get(name) is not None}


def with_groups(settings: dict[str, Any], asked: dict[str, str]) -> dict[str, Any]:
    """Return the settings of a finished run with the groups and times that are asked for now."""
    return {**settings, "data": {**settings["data"], **asked}}
