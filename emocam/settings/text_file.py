"""Text files that a setting names: regular files of a bounded size, read as UTF-8."""

import re
import stat
from pathlib import Path
from typing import Literal

from emocam.errors import SettingError
from emocam.settings.read_files import noted

MOST_MB = 64
"""More than any list of names, network description or settings that a person keeps as text."""

MOST_ALIASES = 12
"""Of YAML; each may stand for all that is above it, so that forty unfold to more than any memory holds."""
ALIAS = re.compile(r"(?:^|[\s\[{,:])\*[^\s\[\]{},]", re.M)


def read_text_file(
    path: str | Path, setting: str, most_mb: int = MOST_MB, errors: Literal["strict", "replace"] = "strict"
) -> str:
    """Return the file's text. Refuses devices and pipes, which may never end, and files of another order.

    `errors` is what becomes of bytes that are no UTF-8.
    """
    path = Path(path).expanduser()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SettingError(f"{setting}: {path} must be a regular file, and it is none")
        content = b""
        if status.st_size <= most_mb << 20:
            with noted(path).open("rb") as file:
                # a file may grow after it was measured, and some of the system's own say that they are empty
                content = file.read((most_mb << 20) + 1)
        if max(status.st_size, len(content)) > most_mb << 20:
            raise SettingError(
                f"{setting}: {path} must be a text file of at most {most_mb} MB, got {status.st_size >> 20} MB"
            )
        if errors == "strict" and b"\0" in content:
            raise SettingError(
                f"{setting}: {path} must be text in UTF-8, and it holds zero bytes, as text in UTF-16 does"
            )
        return content.decode("utf-8-sig", errors).replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{setting}: {path} cannot be read as text ({error})") from None


def read_settings_text(path: str | Path, setting: str) -> str:
    """Return the text of a YAML file of settings, which must not unfold to more than it holds."""
    text = read_text_file(path, setting, most_mb=1)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    if len(ALIAS.findall("\n".join(lines))) > MOST_ALIASES:
        raise SettingError(f"{path}: has more than {MOST_ALIASES} aliases (*name), which no settings need")
    return text
