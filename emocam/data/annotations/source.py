"""A file of annotations: read with care, and named in each of its faults."""

import json
import math
import reprlib
import stat
from dataclasses import dataclass
from pathlib import Path

from emocam.errors import SettingError
from emocam.settings.read_files import noted

SHORT = reprlib.Repr()
"""Shows whatever was found in a line, also when it is endless."""
SHORT.maxlevel, SHORT.maxlist, SHORT.maxstring, SHORT.maxother = 2, 6, 60, 60

MOST_BYTES = 4 << 30
"""Of a file that is read whole: eight times the JSON of COCO's 118,000 pictures."""


@dataclass(frozen=True)
class Source:
    """One file; a fault says where in it, what was expected and what was found."""

    file: Path
    setting: str = "data.annotations"

    def fault(self, place: str, expected: str, found: object) -> SettingError:
        return SettingError(
            f"{self.setting} {self.file}: {place} must be {expected}, got {SHORT.repr(found)}"
        )

    def unreadable(self, kind: str, error: Exception) -> SettingError:
        words = " ".join(str(error).split())[:200]
        return SettingError(f"{self.setting} {self.file} cannot be read as {kind} ({words})")

    def check_file(self) -> None:
        """Refuse what may never end, a pipe or a device, and what no memory holds."""
        status = self.file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            raise SettingError(
                f"{self.setting} {self.file} must be a regular file of at most {MOST_BYTES >> 30} GB"
            )

    def text(self) -> str:
        try:
            self.check_file()
            return noted(self.file).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise self.unreadable("UTF-8 text", error) from None

    def json(self) -> object:
        try:
            return json.loads(self.text(), object_pairs_hook=_each_key_once)
        except (ValueError, RecursionError) as error:
            raise self.unreadable("JSON", error) from None

    def name(self, place: str, found: object) -> str:
        """Return a class's name as it stands, its spaces with it; what is no text in it is spelt out."""
        if not isinstance(found, str) or not found.strip():
            raise self.fault(place, "a name", found)
        return found.encode("utf-8", "backslashreplace").decode("utf-8")

    def path(self, place: str, found: object) -> str:
        """Return the path of an image as it is: the code that opens it checks that it stays under the root."""
        if not isinstance(found, str) or not found:
            raise self.fault(place, "the path of an image", found)
        return found

    def numbers(self, place: str, expected: str, found: object, count: int | None = None) -> list[float]:
        """Return finite numbers, `count` of them where that is given."""
        if not isinstance(found, list) or (count is not None and len(found) != count):
            raise self.fault(place, expected, found)
        values = [number for value in found if (number := finite(value)) is not None]
        if len(values) < len(found):
            raise self.fault(place, expected, found)
        return values


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON; of two entries of one name one would go without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{SHORT.repr(twice)} stands twice in one object")
    return found


def files_ending(folder: Path, *endings: str, below: bool = False) -> list[Path]:
    """Return the files of a folder, or also `below`, with one of these endings in small or capital letters."""
    files = folder.rglob("*") if below else folder.glob("*")
    return sorted(file for file in files if file.suffix.lower() in endings)


def finite(value: object) -> float | None:
    """Return a number as a float; None for everything else, NaN and infinity among it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def finite_text(text: str | None) -> float | None:
    """Return the number that a text is, if it is one."""
    try:
        return finite(float(text or ""))
    except ValueError:
        return None
