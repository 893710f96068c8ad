"""The run's pages."""

from pathlib import Path
from typing import Any

from PIL import Image

from emocam.callback.base import Finished, LastCallback
from emocam.data.base import Data
from emocam.data.corpus.patterns import lies_in_shard
from emocam.data.printed import unprinted
from emocam.errors import SettingError
from emocam.face.blur import check_faces_setting, without_faces
from emocam.report.page import write_report
from emocam.report.top_pictures import ON_A_PAGE
from emocam.results.files import LEDGER
from emocam.results.pairs import picture_of
from emocam.results.run import Run
from emocam.settings.roots import is_stored


class Report(LastCallback):
    """A callback that writes report/, with the pictures that its cells show.

    For a page to be shared `faces` are blurred (`blur`), or pictures that show any are left out (`drop`);
    then the page has no link to the full pictures, and neither the figures of a paste nor overlay.mp4 are in it.
    It shows at most so many `pictures`, each cell's strongest in turn.
    """

    def __init__(self, faces: str | None = None, pictures: int = ON_A_PAGE) -> None:
        if isinstance(pictures, bool) or not isinstance(pictures, int) or pictures < 1:
            raise SettingError(
                f"callback.report.pictures must be a whole number of at least 1, got {pictures!r}"
            )
        self.faces = faces
        self.pictures = pictures
        if faces is not None:
            check_faces_setting(faces)

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        data = finished.data

        def open_small(path: str, side: int | None) -> Image.Image:
            assert data is not None
            return data.open_again(unprinted(picture_of(path)), side).image

        flat = None if finished.sums is None else finished.sums.flat
        if self.faces is not None:
            # faces are looked for in whole pictures
            hidden = None if data is None else without_faces(lambda path: open_small(path, None), self.faces)
            write_report(finished.run, hidden, flips=0, with_film=False, pictures=self.pictures, flat=flat)
            return {}
        write_report(
            finished.run,
            originals=originals_of(finished.run, data),
            pictures=self.pictures,
            earlier=finished.earlier,
            flat=flat,
            open_small=open_small if data is not None else None,
        )
        return {}


def originals_of(run: Run, data: Data | None) -> Path | None:
    """Return the folder of a run's full pictures; None where they are no files that a page could lead to."""
    if data is None or not data.root or is_stored(data.root):
        return None
    root = Path(data.root).absolute()
    rows = next(run.rows(LEDGER, ["image"]), None)
    in_shards = (
        rows is not None and len(rows) > 0 and lies_in_shard(root, unprinted(rows["image"][0].as_py()))
    )
    return None if in_shards else root
