"""Hydra's loader, with a check of each file that is not ours before anything is made of it.

Every way in which a file reaches the composed settings ends here: `--config-dir`, `--config-path`,
`--config-name`, `hydra.searchpath`, defaults lists and packages. The files of conf/ and Hydra's own are
trusted, those of experiments/ may also say over what they sweep, all others are foreign.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra._internal.hydra as hydra_application
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra.core.default_element import GroupDefault, InputDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from emocam.errors import ForeignSetting
from emocam.settings.foreign import check_foreign, unknown_interpolation
from emocam.settings.paths import resource_folder
from emocam.settings.text_file import read_settings_text

NAMED_IN_A_LIST = "hydra.searchpath"
"""Sources whose folder Hydra was told in words; those of installed plugins are code already."""


class GuardedLoader(ConfigLoaderImpl):
    """Refuses what a file from elsewhere may not say, before it is merged. Workers of a sweep get it, too."""

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> "tuple[list[Override], GuardedRepository]":
        parsed = OverridesParser.create().parse_overrides(overrides=overrides)
        repository = GuardedRepository(self.repository)
        self._process_config_searchpath(config_name, parsed, repository)
        return parsed, repository

    def _load_single_config(self, default: ResultDefault, repo: IConfigRepository) -> ConfigResult:
        result = super()._load_single_config(default, repo)
        if isinstance(repo, GuardedRepository) and (file := repo.checked.get(str(default.config_path))):
            # where its header or a defaults list put it: `# @package hydra`, `/cam@hydra.callbacks: x`
            check_foreign(plain(result.config), file, sweeps=is_study(file))
        return result

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        if run_mode == RunMode.MULTIRUN:
            self._check_swept_options(config_name, overrides)
        return super().load_configuration(
            config_name, overrides, run_mode, from_shell, validate_sweep_overrides
        )

    def _check_swept_options(self, config_name: str | None, overrides: list[str]) -> None:
        """Compose each option from elsewhere that is swept over once, before the sweep begins."""
        parsed, repository = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        fixed = [str(one.input_line) for one in parsed if not one.is_sweep_override()]
        for override in parsed:
            group = override.key_or_group
            if not override.is_sweep_override() or not repository.group_exists(group):
                continue
            for option in swept_options(override, repository.get_group_options(group)):
                if repository.foreign_file(f"{group}/{option}"):
                    word = f"{str(override.input_line).partition('=')[0]}={option}"
                    super().load_configuration(config_name, [*fixed, word], RunMode.RUN)


class GuardedRepository(CachingConfigRepository):
    """Hydra's store of loaded files; `checked` names those that are not ours, by their place in the groups."""

    def __init__(self, delegate: IConfigRepository) -> None:
        super().__init__(delegate)
        self.checked: dict[str, str] = {}

    def foreign_file(self, config_path: str) -> str | None:
        """Return the file of a configuration unless it is ours; None where there is no such file."""
        source = self.delegate._find_object_source(config_path, ObjectType.CONFIG)  # type: ignore[attr-defined]
        return None if source is None else file_of(source, config_path)

    def load_config(self, config_path: str) -> ConfigResult | None:
        if f"config_path={config_path}" in self.cache:
            return super().load_config(config_path)
        file = self.foreign_file(config_path)
        if file is None:
            return super().load_config(config_path)
        from yaml import YAMLError  # what tells mistakes in words does without

        if Path(file).is_file():
            read_settings_text(file, "--config-dir")
        try:
            loaded = super().load_config(config_path)
        except YAMLError as error:
            told = " ".join(str(error).split())[:200]
            raise ForeignSetting(f"{file}: is no file of settings ({told})") from None
        assert loaded is not None
        self.checked[config_path] = file
        sweeps = is_study(file)
        if config_path.strip("/").partition("/")[0] == "hydra":
            raise ForeignSetting(
                f"{file}: options of Hydra's own groups may not come from a folder named on the command line"
            )
        # as it stands, too: Hydra reads hydra.searchpath of it before it composes
        check_foreign(plain(loaded.config), file, sweeps)
        for entry in loaded.defaults_list or []:
            check_default(entry, file)
        return loaded


def file_of(source: ConfigSource, config_path: str) -> str | None:
    """Return where a configuration lies, or None where it is ours or an installed plugin's."""
    parts = config_path.split("/")
    if ".." in parts or config_path.startswith("/"):
        raise ForeignSetting(
            f"{config_path}: a name of settings may not lead out of its folder; "
            "use --config-dir FOLDER +experiment=NAME"
        )
    scheme = source.scheme()
    if scheme == "structured":
        return None
    named = source.provider in ("main", "command-line") or source.provider.startswith(NAMED_IN_A_LIST)
    if scheme == "pkg":
        return f"{source.full_path()}/{config_path}.yaml" if named else None
    inner = config_path.removeprefix("experiment/") if scheme == "experiments" else config_path
    path = os.path.realpath(Path(source.path) / f"{inner.removesuffix('.yaml')}.yaml")
    if not named and scheme == "file":
        return None
    return None if Path(path).is_relative_to(os.path.realpath(resource_folder("conf"))) else path


def is_study(file: str) -> bool:
    """Return whether a file is one of the package's own studies."""
    return Path(file).is_relative_to(os.path.realpath(resource_folder("experiments")))


def check_default(entry: InputDefault, file: str) -> None:
    """Refuse what a defaults list may not ask for: anything of Hydra's, by group or by package."""
    group = entry.group if isinstance(entry, GroupDefault) else getattr(entry, "path", None)
    words = f"{group or ''}@{entry.package or ''}"
    value = entry.value if isinstance(entry, GroupDefault) else None
    named = f"{words.rstrip('@')}: {value}" if value else words.rstrip("@")
    if "hydra" in re.split(r"[@./\[\]\"' ]", words):
        raise ForeignSetting(
            f"{file}: defaults: {named} is Hydra's own, and may only be given on the command line"
        )
    texts = [group or "", *([value] if isinstance(value, str) else value or [])]
    leaves_folder = any(".." in text.split("/") for text in texts)
    if "${" in words or leaves_folder or any(unknown_interpolation(text) for text in texts):
        raise ForeignSetting(
            f"{file}: defaults: {named} must name a group and an option, with no .. and no ${{...}} but settings"
        )


def swept_options(override: Override, options: list[str]) -> list[str]:
    """Return the options of a group that a word sweeps over, such as `experiment=a,b`."""
    value = override.value()
    if isinstance(value, Glob):
        return list(value.filter(options))
    return [word for word in map(str, override.sweep_string_iterator()) if word in options]


def plain(config: Any) -> object:
    """Return the settings as they stand in the file, with nothing resolved."""
    return OmegaConf.to_container(config, resolve=False) if OmegaConf.is_config(config) else config


@contextmanager
def guarded() -> Iterator[None]:
    """Let Hydra load with `GuardedLoader`, and leave it to others as it was found."""
    kept = hydra_application.ConfigLoaderImpl
    hydra_application.ConfigLoaderImpl = GuardedLoader  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        hydra_application.ConfigLoaderImpl = kept  # type: ignore[misc]
