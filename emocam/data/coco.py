"""Pictures with annotations in COCO's JSON, https://cocodataset.org/#format-data."""

from dataclasses import dataclass
from pathlib import Path

from emocam.data.annotations.coco import read_coco
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.spelling import respelled
from emocam.data.folder import Folder
from emocam.errors import SettingError


@dataclass(kw_only=True)
class Coco(Folder):
    """The images that the file lists, in its order; what is missing under `root` is in the ledger."""

    def annotated(self) -> AnnotationTable:
        default = Path(self.root or ".") / "instances.json"
        file = Path(self.annotations).expanduser() if self.annotations else default
        if not file.is_file():
            raise SettingError(f"data.annotations: there is no file {file}; give COCO's JSON")
        table = read_coco(file, self.masks)
        if not table.regions:
            raise SettingError(f"data.annotations {file} lists no image")
        paths = self.spelled(list(table.regions), str(file))
        return respelled(table, paths, str(file))

    def paths(self) -> list[str]:
        assert self.table is not None
        return list(self.table.regions)
