"""The same evidence under other thresholds: no network, and no picture opened but for the page."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from emocam.data.base import Data
from emocam.errors import SettingError
from emocam.store import FILES
from emocam.task.base import Parts


@dataclass
class Replay:
    """`evidence` is a finished run's folder, or the evidence.parquet in it."""

    evidence: str | None = None

    def perform(self, parts: Parts) -> Data | None:
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
        with parts.stage("copy"):
            for file in FILES:
                if (source / f"{file}.parquet").is_file() and source.resolve() != parts.folder.resolve():
                    shutil.copyfile(source / f"{file}.parquet", parts.folder / f"{file}.parquet")
        return self._pictures(source, parts)

    def _pictures(self, source: Path, parts: Parts) -> Data | None:
        """The data set of the run that is replayed, where its settings and pictures are still there."""
        settings = source / ".hydra" / "config.yaml"
        if not settings.is_file():
            return None
        try:
            recorded = yaml.safe_load(settings.read_text())
            return parts.build_recorded("data", recorded)
        except (SettingError, yaml.YAMLError):
            return None
