"""The words of a command line, as Hydra wants to read them."""

import argparse
import re
from collections.abc import Iterator

from hydra._internal.utils import get_args_parser

from emocam.errors import SettingError

ALONE = ("-m", "--multirun", "-r", "--run", "--resolve")
"""Options that take no value, and so may stand anywhere."""


def normalise_words(words: list[str], groups: set[str]) -> list[str]:
    """Options first; `+cam=gradcam` as `cam=gradcam`, `cam=null` as `~cam`, for groups of the defaults.

    `classifier._target_=mine.Net` takes the place of the default option and of all its settings.
    """
    options = [word for word in words if word in ALONE]
    own = _own(words, groups)
    return [
        *options,
        *(f"~{group}" for group in own),
        *(_plain(word, groups, own) for word in words if word not in ALONE),
    ]


def _own(words: list[str], groups: set[str]) -> list[str]:
    """The groups in which a class is named and no option."""
    named = {found[1] for word in words if (found := re.match(r"\+?(\w+)\._target_=", word))}
    chosen = {found[1] for word in words if (found := re.match(r"[+~]?(\w+)(=|$)", word))}
    return sorted(groups & named - chosen)


def _plain(word: str, groups: set[str], own: list[str]) -> str:
    setting = re.match(r"(\w+)\.", word)
    if setting and setting[1] in own:
        return f"+{word}"
    found = re.fullmatch(r"\+?(\w+)=(.*)", word, re.DOTALL)
    if not found or found[1] not in groups:
        return word
    return f"~{found[1]}" if found[2] == "null" else f"{found[1]}={found[2]}"


def check_words(words: list[str]) -> None:
    """Raises what Hydra's parser would answer with its usage text."""
    if spaced := next(_spaced(words), None):
        raise SettingError(f"a setting is written without spaces around its =, as in {spaced}")
    parser = get_args_parser()
    parser.exit_on_error = False
    try:
        known, strange = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise SettingError(f"{error}; --hydra-help lists the options") from None
    if known.experimental_rerun is not None:
        raise SettingError(
            "--experimental-rerun would run what a pickle says; give hydra.run.dir=FOLDER again"
        )
    if strange:
        raise SettingError("\n".join(_complaints(strange)))


def _spaced(words: list[str]) -> Iterator[str]:
    """Return the settings that were written as `cam = gradcam`, in one word or in several, as they should be."""
    for before, word, after in zip(["", *words], [*words, ""], [*words[1:], "", ""], strict=True):
        if word == "=" and before:
            yield f"{before}={after}"
        elif found := re.fullmatch(r"([+~]*[\w./@]+) += *(.*)", word, re.DOTALL):
            yield f"{found[1]}={found[2]}"
        elif re.fullmatch(r"=[\w.]+", word) and re.fullmatch(r"[+~]*[\w./@]+", before):
            yield f"{before}{word}"


def _complaints(strange: list[str]) -> Iterator[str]:
    for word in strange:
        if re.match(r"--?\w[\w.]*=", word):
            yield f"{word} is no option; settings have no dashes: {word.lstrip('-')}"
        elif word.startswith("-"):
            yield f"{word} is no option; --help and --hydra-help list what there is"
        else:
            yield f"{word!r} must stand beside the other settings, with no option between them"
