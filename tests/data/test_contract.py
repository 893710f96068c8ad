"""Every data set that can be chosen has the settings that all of them have."""

import importlib
from dataclasses import fields
from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf

from emocam.data.base import Data

CONF = Path(__file__).parents[2] / "conf/data"
COMMON = {"limit", "shard", "batch_size", "workers", "resize", "max_unreadable"}
WALKED = {"root", "max_pixels", "follow_links"}


@pytest.mark.parametrize("name", sorted(file.stem for file in CONF.glob("*.yaml")))
def test_the_yaml_is_a_call_of_its_class(name: str) -> None:
    with hydra.initialize_config_dir(str(CONF.parent), version_base="1.3"):
        composed = hydra.compose(f"data/{name}", overrides=["+seed=0"])
    settings = OmegaConf.to_container(composed.data, resolve=False)
    assert isinstance(settings, dict)
    module, _, target = str(settings.pop("_target_")).rpartition(".")
    kind = getattr(importlib.import_module(module), target)
    assert issubclass(kind, Data)
    taken = {field.name: field for field in fields(kind) if field.init}
    assert set(settings) <= set(taken)
    assert set(settings) >= COMMON | (WALKED & set(taken) if "follow_links" in settings else set())
    for key, value in settings.items():
        if not str(value).startswith("${"):
            made = taken[key].default_factory
            default = made() if callable(made) else taken[key].default
            assert value == default, f"{key} has two defaults"
