"""The finished run whose evidence a command takes.

Only the standard library is imported, so that a mistake is answered at once.
"""

from pathlib import Path

from emocam.errors import SettingError
from emocam.results.files import EVIDENCE, LEDGER, PREDICTIONS, parquet
from emocam.results.parts import MANIFEST

SHARDS = "shards"
"""The folder of a run that is not finished."""


def source_of(evidence: str | None) -> Path:
    """Return the folder of the finished run that `evidence` names."""
    if evidence is None:
        raise SettingError("evidence is not set; task=replay needs evidence=FOLDER of a finished run")
    source = Path(evidence).expanduser()
    source = source.parent if source.name == parquet(EVIDENCE) else source
    for name in (PREDICTIONS, EVIDENCE, LEDGER):
        table = source / parquet(name)
        if not (table.is_file() or (table / MANIFEST).is_file()):
            raise SettingError(f"evidence {source} is no finished run's folder: it has no {parquet(name)}")
    if (source / SHARDS).is_dir():
        raise SettingError(
            f"evidence {source} is not finished: it still holds {SHARDS}; its own command goes on where it "
            "stopped"
        )
    return source
