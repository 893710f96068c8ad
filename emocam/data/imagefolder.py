"""A folder whose subfolders are the true labels."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from emocam.data.corpus.corpus import StoredCorpus
from emocam.data.folder import Folder
from emocam.data.printed import printable
from emocam.errors import SettingError


@dataclass(kw_only=True)
class ImageFolder(Folder):
    """The folder right under `root` in which a picture lies, at any depth, is its label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = {self.label(path) for path in self.paths()}
        if labels == {""}:
            raise SettingError(
                f"data.root {self.root} has no subfolder with pictures; expected one a label, "
                "or take data=folder, which needs none"
            )
        if "" in labels:
            count = sum(not self.label(path) for path in self.paths())
            self.notes = [
                *self.notes,
                f"{count:,} pictures lie in no subfolder of {self.root}: their label is not known",
            ]
        self.labels = sorted(labels - {""})

    def label(self, path: str) -> str:
        """Return the label of a picture; empty where it is right under root."""
        parts = PurePosixPath(
            self.corpus.inner(path) if isinstance(self.corpus, StoredCorpus) else path
        ).parts
        return printable(parts[0]) if len(parts) > 1 else ""

    def known(self, path: str) -> dict[str, str | float]:
        return {"truth": self.label(path)}
