"""Lets Hydra find the studies in experiments/ as the group `experiment`.

Hydra maps a group to a folder of the same name; the studies lie in a folder of their own beside conf/.
"""

from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from emocam.settings.paths import resource_folder


class Experiments(FileConfigSource):
    """A folder whose files are the options of the group `experiment`."""

    GROUP = "experiment"

    @staticmethod
    def scheme() -> str:
        return "experiments"

    def _inner(self, config_path: str) -> str:
        return config_path.removeprefix(self.GROUP).lstrip("/")

    def load_config(self, config_path: str) -> ConfigResult:
        return super().load_config(self._inner(config_path))

    def available(self) -> bool:
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        return config_path.strip("/") in ("", self.GROUP)

    def is_config(self, config_path: str) -> bool:
        return config_path.startswith(f"{self.GROUP}/") and super().is_config(self._inner(config_path))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        if config_path.strip("/") == "":
            return [self.GROUP]
        return sorted(file.stem for file in Path(self.path).glob("*.yaml"))


class ExperimentsPath(SearchPathPlugin):
    """Puts the folder on Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("emocam", f"experiments://{resource_folder('experiments')}")


def user_cache() -> str:
    """Return the folder of this user's caches."""
    from platformdirs import user_cache_dir

    return user_cache_dir("emocam")


def register() -> None:
    """Add our studies and `user_cache` to Hydra; to be called before hydra.main, once or more."""
    OmegaConf.register_new_resolver("user_cache", user_cache, replace=True)
    for plugin in (Experiments, ExperimentsPath):
        Plugins.instance().register(plugin)
