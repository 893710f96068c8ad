"""The page a person opens."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from emocam.callback.base import Finished
from emocam.report.page import write_report


class Report:
    """Leaves report/, with the pictures that its cells show."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        folder, data = finished.folder, finished.data
        # the page reads what the run has left so far, as it will be read later from disk
        (folder / "summary.json").write_text(json.dumps(finished.summary, indent=1))

        def open_picture(path: str) -> Image.Image:
            assert data is not None
            return data.open(path).image

        originals = Path(data.root).absolute() if data is not None and data.root else None
        write_report(folder, open_picture if data is not None else None, originals)
        return {}
