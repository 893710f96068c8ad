"""What lies among the pictures of a corpus and is not read."""

from collections import Counter
from dataclasses import dataclass, field

from emocam.data.image_file import HEIC, OTHER_PICTURES
from emocam.settings.roots import SHARDS


@dataclass
class LeftOut:
    """What a walk leaves out: linked folders, and files by their endings."""

    links: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)

    def sentences(self, pictures_alone: bool) -> list[str]:
        """Return a sentence on linked folders and one on other files, or with `pictures_alone` on other pictures."""
        found = []
        if self.links:
            folders = "folder is" if len(self.links) == 1 else "folders are"
            found.append(
                f"{len(self.links):,} linked {folders} not followed ({self.links[0]}); "
                "data.follow_links=true follows them"
            )
        counts = {
            ending: count
            for ending, count in sorted(self.endings.items(), key=lambda item: (-item[1], item[0]))
            if not pictures_alone or ending in OTHER_PICTURES
        }
        if counts:
            named = ", ".join(f"{count:,} {ending}" for ending, count in list(counts.items())[:8])
            cure = "; pip install 'emocam[heic]' reads .heic" if set(HEIC) & set(counts) else ""
            found.append(f"not read are {named}{cure}")
        return found


def shards_beside(endings: Counter[str], read: str | None = None) -> list[str]:
    """Return a sentence on shards that are not read, since there are pictures or shards of the kind `read`."""
    beside = [
        f"{count:,} {ending}" for ending, count in endings.items() if ending in SHARDS and ending != read
    ]
    return [f"not read, since there are {read or 'pictures'}, are {', '.join(beside)}"] if beside else []


def notes_of_files(endings: Counter[str], read: str | None) -> list[str]:
    """Return notes on the files of a folder that are not read, though they may hold pictures."""
    told = [*shards_beside(endings, read), *LeftOut(endings=endings).sentences(pictures_alone=True)]
    return [f"data.root: {text}" for text in told]
