"""The pictures of a corpus that are no files of their own, written beside an export, so that other tools open them."""

from dataclasses import dataclass, field
from pathlib import Path

from emocam.data.corpus.corpus import StoredCorpus
from emocam.data.image_file import read_size, within_root, written_suffix
from emocam.data.printed import unprinted
from emocam.settings.stored_file import StoredFile

FOLDER = "pictures"


@dataclass
class PictureCopies:
    """A file for each picture of a corpus as soon as it is asked for, named as in the corpus, below `folder`.

    A row of Parquet without a name gets the ending of what it holds.
    """

    corpus: StoredCorpus
    folder: Path
    endings: dict[str, str] = field(default_factory=dict)
    bytes: int = 0

    def name_of(self, image: str) -> str:
        """Return what a picture is called in the folder."""
        return image + self.endings.get(image, "")

    def write(self, image: str) -> tuple[int, int]:
        """Write a picture as its bytes are, and return its width and height as a person sees it."""
        picture = self.corpus.picture(unprinted(image))
        size = read_size(picture)
        if ending := written_suffix(picture):
            self.endings[image] = ending
        content = picture.read() if isinstance(picture, StoredFile) else picture.read_bytes()
        file = within_root(self.folder, unprinted(self.name_of(image)))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.bytes += len(content)
        return size
