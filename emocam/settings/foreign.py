"""What a file of settings that the command line did not write may not say.

A study from elsewhere chooses parts and sets numbers. What Hydra itself builds or writes before a run
begins, where anything is written to, and whom we connect to, is said on the command line alone.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emocam.errors import ForeignSetting

COMMAND_LINE_ONLY = {
    "allow": "modules whose code may run",
    "cache": "a folder that is written to",
    "logger": "a store that is connected to and written to",
    "data.export": "a folder that is written to",
    "watch": "a camera, a film that is written or a page that is served",
}
TRAINER = ("accelerator", "devices", "num_nodes", "strategy")
"""Lightning's other arguments write files and load plugins."""
WHOLE = ("trainer", *(key.partition(".")[0] for key in COMMAND_LINE_ONLY if "." in key))
"""Where `${another}` in place of the settings would bring along what may not be said."""
SWEEP = ("hydra.mode", "hydra.sweeper.params")
"""What the studies of experiments/ may say of Hydra: that they are sweeps, and over what."""
ADDRESS = re.compile(
    r"[a-z][a-z0-9+.\-]*://|^\s*(hf[-_]hub|local-dir|file|data|sqlite|https?|s3|gs):|^\s*[a-z][a-z0-9+.\-]*:/?\s*$",
    re.I,
)
"""Also the beginning of one by itself, since another setting may go on there."""
SETTING = r"\$\{\s*\.*(?!hydra\b)[A-Za-z_]\w*(\.(?!hydra\b)\w+|\[\w+\])*\s*\}"
SELECT = r"\$\{\s*oc\.select\s*:\s*(?!hydra\b)[A-Za-z_][\w.]*\s*(,[^:${}]*)?\}"
"""The one resolver that our own options use, which looks up another setting."""
KNOWN_INTERPOLATION = re.compile(rf"\s*({SETTING}|{SELECT})(/[^:${{}}]*)?\s*")
"""One setting, with a path after it or nothing: of more parts an address can be put together."""


def check_foreign(settings: object, file: str, sweeps: bool = False) -> None:
    """Raise the first fault of the settings that a file puts into the composed ones, naming file and key.

    `sweeps` is for our own studies, which may say over what they sweep.
    """
    for fault in foreign_faults(settings, sweeps):
        raise ForeignSetting(f"{file}: {fault}")


def foreign_faults(settings: object, sweeps: bool = False) -> Iterator[str]:
    """Return a sentence for each key that may not be set there; `settings` are plain, nothing resolved."""
    for key, value in leaves(settings):
        first = key.partition(".")[0]
        if first == "hydra":
            yield from _hydra_faults(key, value, sweeps)
            continue
        if value is None or value == {} or value == []:
            continue  # nothing is the one value that is always safe
        if isinstance(value, str) and key in WHOLE:
            yield f"{key} must name its settings one by one, got {value[:80]!r}"
        elif owner := _command_line_only(key):
            yield f"{key} names {COMMAND_LINE_ONLY[owner]}, and may only be given on the command line"
        elif first == "trainer" and key.split(".")[1:2] not in [[name] for name in TRAINER]:
            yield (
                f"{key} may only be given on the command line; of the trainer a file may say "
                f"{', '.join(TRAINER)}"
            )
        elif isinstance(value, str):
            yield from value_faults(key, value)


def value_faults(key: str, value: str) -> Iterator[str]:
    """Return what is wrong with one text: an address, or an interpolation that reads more than settings."""
    if ADDRESS.search(value):
        yield f"{key} names an address, {value[:80]!r}, and may only be given on the command line"
    if unknown_interpolation(value):
        yield (
            f"{key} may only refer to other settings, one at a time as ${{seed}} does, got {value[:80]!r}; "
            "give it on the command line"
        )


def unknown_interpolation(text: str) -> bool:
    """Return whether a text with `${` is anything else than one setting's name, or a path below it."""
    return "${" in text and KNOWN_INTERPOLATION.fullmatch(text) is None


def leaves(node: object, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each plain value below a node with its dotted key; empty mappings and lists are values, too."""
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from leaves(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list | tuple) and node:
        for number, value in enumerate(node):
            yield from leaves(value, f"{place}.{number}")
    else:
        yield place, node


def _hydra_faults(key: str, value: object, sweeps: bool) -> Iterator[str]:
    swept = key.removeprefix("hydra.sweeper.params.")
    allowed = key == "hydra.mode" or (swept == key and key in SWEEP and not value)
    if not sweeps or not (allowed or swept != key):
        yield f"{key} is Hydra's own, and may only be given on the command line"
    elif swept != key:
        name = swept.lstrip("+~")
        # a word of the command line is made of it, so nothing but a setting's name may stand there
        if not re.fullmatch(r"[\w.]+", name) or name.startswith("hydra") or _command_line_only(name):
            yield f"hydra.sweeper.params: {swept} may only be given on the command line"
        elif isinstance(value, str):
            yield from value_faults(key, value)


def _command_line_only(key: str) -> str | None:
    """Return the entry of the table that a key falls under."""
    return next((name for name in COMMAND_LINE_ONLY if key == name or key.startswith(f"{name}.")), None)
