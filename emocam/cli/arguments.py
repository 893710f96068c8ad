"""The words of a command line, in the form that Hydra reads."""

import argparse
import re
from collections.abc import Iterator

from hydra._internal.utils import get_args_parser

from emocam.cli.typed_values import as_typed
from emocam.errors import SettingError
from emocam.runner.shard_sweep import all_shards_spelt_out
from emocam.settings.secret_words import check_no_secret

ALONE = ("-m", "--multirun", "-r", "--run", "--resolve")
"""The options that take no value, and so may stand anywhere."""
TAKING = ("--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp", "--package", "-p", "--info")
"""The options whose value is the next word."""


def normalise_words(words: list[str], groups: set[str]) -> list[str]:
    """Put options first and write `+cam=gradcam` as `cam=gradcam`, `cam=null` as `~cam`, for default groups.

    `classifier._target_=mine.Net` replaces the default option with all its settings. Values may have any signs
    that the shell hands on.
    """
    sweep = bool({"-m", "--multirun"} & set(words))
    words = [
        word if option in TAKING else as_typed(all_shards_spelt_out(word) if sweep else word, sweep)
        for option, word in zip(["", *words], words, strict=False)
    ]
    options = [word for word in words if word in ALONE]
    replaced = _replaced_groups(words, groups)
    return [
        *options,
        *(f"~{group}" for group in replaced),
        *(_plain(word, groups, replaced) for word in words if word not in ALONE),
    ]


def _replaced_groups(words: list[str], groups: set[str]) -> list[str]:
    """Return the groups in which a class is named and no option."""
    named = {match[1] for word in words if (match := re.match(r"\+?(\w+)\._target_=", word))}
    chosen = {match[1] for word in words if (match := re.match(r"[+~]?(\w+)(=|$)", word))}
    return sorted(groups & named - chosen)


def _plain(word: str, groups: set[str], replaced: list[str]) -> str:
    setting = re.match(r"(\w+)\.", word)
    if setting and setting[1] in replaced:
        return f"+{word}"
    assignment = re.fullmatch(r"\+?(\w+)=(.*)", word, re.DOTALL)
    if not assignment or assignment[1] not in groups:
        return word
    return f"~{assignment[1]}" if assignment[2] == "null" else f"{assignment[1]}={assignment[2]}"


def check_words(words: list[str]) -> None:
    """Raise a sentence for what Hydra's parser would answer with its usage text, and for a password in a word."""
    for word in words:  # before Hydra writes them into the run's folder
        check_no_secret(word, "the word")
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
    """Yield as `cam=gradcam` each setting that was written as `cam = gradcam`, in one word or in several."""
    for before, word, after in zip(["", *words], [*words, ""], [*words[1:], "", ""], strict=True):
        if word == "=" and before:
            yield f"{before}={after}"
        elif match := re.fullmatch(r"([+~]*[\w./@]+) += *(.*)", word, re.DOTALL):
            yield f"{match[1]}={match[2]}"
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
