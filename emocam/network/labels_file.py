"""A text file that names labels or objects, which is read before any network is there."""

from pathlib import Path

from emocam.errors import SettingError
from emocam.settings.text_file import read_text_file


def read_labels(path: str | Path, setting: str = "classifier.labels") -> list[str]:
    """Return the names of a file, one a line and as they stand there; empty lines at the end do not count."""
    path = Path(path).expanduser()
    # lines end as editors end them: other characters that Python parts lines at may be in a name
    labels = read_text_file(path, setting).split("\n")
    while labels and not labels[-1].strip():
        labels.pop()
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice or not all(label.strip() for label in labels) or not labels:
        fault = f"{twice[0]!r} stands twice" if twice else "a line is empty" if labels else "it is empty"
        raise SettingError(f"{setting}: {path} needs one different name a line, but {fault}")
    return labels
