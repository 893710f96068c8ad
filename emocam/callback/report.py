"""The run's pages."""

from pathlib import Path
from typing import Any

from PIL import Image

from emocam.callback.base import Finished, LastCallback
from emocam.data.printed import unprinted
from emocam.face.blur import check_faces_setting, without_faces
from emocam.report.page import write_report


class Report(LastCallback):
    """A callback that writes report/, with the pictures that its cells show.

    For a page to be shared `faces` are blurred (`blur`), or pictures that show any are left out (`drop`);
    then the page has no link to the full pictures, and neither the figures of a paste nor overlay.mp4 are in it.
    """

    def __init__(self, faces: str | None = None) -> None:
        self.faces = faces
        if faces is not None:
            check_faces_setting(faces)

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        data = finished.data

        def open_picture(path: str) -> Image.Image:
            assert data is not None
            return data.open(unprinted(path)).image

        shown = open_picture if data is not None else None
        if self.faces is not None:
            write_report(finished.run, shown and without_faces(shown, self.faces), flips=0, with_film=False)
            return {}
        originals = Path(data.root).absolute() if data is not None and data.root else None
        write_report(finished.run, shown, originals)
        return {}
