"""From a corpus to batches: each file is opened once, in a worker, for all who want to see it."""

import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from emocam.data.base import Data
from emocam.data.contents import contents_of
from emocam.data.image_file import Refused, decoded_digest
from emocam.data.printed import printable, spelt
from emocam.errors import Damaged, StoreLost
from emocam.functional.thumbnail import thumbnail
from emocam.records.detections import Detections
from emocam.records.picture import Batch, Contents, Picture, Refusal, Sample
from emocam.settings.digests import Digests
from emocam.view.base import View, Views

READINGS = 3
"""How often a picture is opened that is written to meanwhile."""
WRITTEN_TO = f"it was written to while it was read, {READINGS} times"
STREAM_AT = re.compile(r"<[\w.]+ object at 0x[0-9a-fA-F]+>")
"""What a message calls a stream that it could not read: another in each run."""


def reason(error: Exception, root: str | Path | None) -> str:
    """Return one line for the ledger, with the class's name where the words are not ours: they alone say little."""
    words = " ".join(STREAM_AT.sub("", str(error)).split())
    if root:
        # as a path of its own: a root called F is not in the word File
        words = re.sub(rf"(?<![\w/.-]){re.escape(str(root))}(?![\w.-])", "data.root", words)
    return spelt((words if isinstance(error, Damaged) else f"{type(error).__name__}: {words}")[:300])


def annotated(picture: Picture) -> Detections:
    """Return the annotated regions of one picture."""
    count = len(picture.boxes)
    return Detections(
        boxes=torch.from_numpy(np.clip(picture.boxes, 0, 1).astype(np.float32)).reshape(-1, 4),
        object=torch.from_numpy(picture.object.astype(np.int64)),
        score=torch.ones(count),
        image=torch.zeros(count, dtype=torch.int64),
        masks=None if picture.masks is None else torch.from_numpy(picture.masks),
    )


class Samples(Dataset[Sample | Refusal]):
    """What of `listing` is still to do; `index` (n,) are places in the listing.

    `digest` names what the detector sees of one image, from its views and their windows; `digests`
    remember those of the pictures' files.
    """

    def __init__(
        self,
        data: Data,
        listing: Sequence[str],
        index: np.ndarray,
        classifier: View,
        detector: View | Views,
        digest: Callable[[Any, Tensor], bytes] | None = None,
        digests: Digests | None = None,
    ) -> None:
        self.data, self.listing, self.index, self.digest = data, listing, index, digest
        self.digests = digests or Digests()
        self.classifier, self.detector = data.resizing(classifier), data.resizing(detector)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> Sample | Refusal:
        index = int(self.index[i])
        path = self.listing[index]
        for _ in range(READINGS):
            contents = contents_of(self.data, path, self.digests)
            opened, decoded = self._opened(path, index, contents)
            if decoded in (None, contents.digest) and self._is_still(path, contents):
                return opened
        return Refusal(printable(path), index, "unreadable", WRITTEN_TO, contents)

    def _is_still(self, path: str, contents: Contents) -> bool:
        """Return whether a picture's file is what it was before it was opened, so that its row says of what it is."""
        return contents.digest is None or self.digests.of_all([self.data.picture_file(path)]) == [
            contents.digest
        ]

    def _opened(self, path: str, index: int, contents: Contents) -> tuple[Sample | Refusal, str | None]:
        """Return what was made of a picture, and the digest of the bytes that it was decoded from."""
        decoded = None
        try:
            picture = self.data.open(path)
            if contents.digest is not None:
                decoded = decoded_digest(picture.image, self.data.picture_file(path))
            classifier_view, classifier_window = self.classifier(picture.image)
            detector_view, detector_window = self.detector(picture.image)
            regions = annotated(picture)
            digest = self.digest(detector_view, detector_window) if self.digest else b""
        except StoreLost:  # which is no fault of this picture's
            raise
        except Refused as error:
            return Refusal(printable(path), index, "refused", str(error), contents), decoded
        except Exception as error:  # a crafted file may raise anything; it must cost itself alone
            told = reason(error, self.data.root)
            return Refusal(printable(path), index, "unreadable", told, contents), decoded
        sample = Sample(
            path=printable(path),
            index=index,
            classifier_view=classifier_view,
            classifier_window=classifier_window,
            detector_view=detector_view,
            detector_window=detector_window,
            annotated=regions,
            known=picture.known,
            digest=digest,
            thumbnail=thumbnail(classifier_view),
            contents=contents,
        )
        return sample, decoded


def _stack(views: list[Tensor]) -> Tensor | list[Tensor]:
    return torch.stack(views) if len({view.shape for view in views}) <= 1 and views else views


def _side_by_side(views: list[Any]) -> Tensor | list[Tensor] | tuple[Tensor | list[Tensor], ...]:
    """Stack the views of one detector, or of each of those joined."""
    if views and isinstance(views[0], tuple):
        return tuple(_stack(list(of_one)) for of_one in zip(*views, strict=True))
    return _stack(views)


def collate(items: Sequence[Sample | Refusal]) -> Batch:
    """Make one batch of all that could be used; the rest is named in it."""
    samples = [item for item in items if isinstance(item, Sample)]
    nothing = torch.zeros(0, 4)
    thumbnails = [sample.thumbnail for sample in samples if sample.thumbnail is not None]
    return Batch(
        paths=[sample.path for sample in samples],
        index=torch.tensor([sample.index for sample in samples], dtype=torch.int64),
        classifier_view=torch.stack([s.classifier_view for s in samples]) if samples else nothing,
        classifier_window=torch.stack([s.classifier_window for s in samples]) if samples else nothing,
        detector_view=_side_by_side([sample.detector_view for sample in samples]),
        detector_window=torch.stack([s.detector_window for s in samples]) if samples else nothing,
        annotated=Detections.pack([sample.annotated for sample in samples]),
        known={key: [s.known[key] for s in samples] for key in (samples[0].known if samples else {})},
        refusals=[item for item in items if isinstance(item, Refusal)],
        digests=[sample.digest for sample in samples if sample.digest],
        thumbnail=torch.stack(thumbnails) if thumbnails else None,
        contents=[sample.contents for sample in samples],
    )


def ignore_interrupt(worker: int) -> None:
    """Leave Ctrl-C to the main process: workers end with it, without a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
