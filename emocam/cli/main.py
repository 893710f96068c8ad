"""The command `python -m emocam`: its words and its exit status.

Only the standard library is imported, so that help and mistakes answer at once.
"""

import importlib
import os
import sys
import time
from typing import TYPE_CHECKING

from emocam.cli.help import VERBS, text
from emocam.system.cores import limit_spinning
from emocam.system.leaving import leave
from emocam.system.light_lightning import lighten_lightning
from emocam.system.memory import collect_again, stop_collecting

if TYPE_CHECKING:
    from emocam.cli.job import Verb

QUIET = dict.fromkeys(("-q", "--quiet"), "quiet=true")
STARTED = time.perf_counter()


def main() -> None:
    limit_spinning()
    stop_collecting()
    lighten_lightning()
    leave(answer(sys.argv[1:]))


def answer(words: list[str]) -> int:
    """Run a command line and return its exit status."""
    if words and words[0] in VERBS:
        return _verb(words[0], words[1:])
    if "--help" in words or "-h" in words or words == ["help"]:
        from emocam.settings.paths import resource_folder

        sys.stdout.write(text(resource_folder("conf"), resource_folder("experiments")))
        return 0
    if words[:1] == ["-sc"] and words[1:2] and words[1].startswith("query="):
        from emocam.cli.completion import LINE, offer_verbs

        offered, more = offer_verbs(os.environ.get(LINE, ""))
        sys.stdout.write("".join(f"{word}\n" for word in offered))
        if not more:
            return 0
    if words == ["--version"]:
        from emocam.version import __version__

        sys.stdout.write(f"emocam {__version__}\n")
        return 0
    return run_words([QUIET.get(word, word) for word in words], STARTED)


def _verb(verb: str, words: list[str]) -> int:
    from emocam.errors import SettingError
    from emocam.settings.secret_words import hide_secrets

    try:
        module = importlib.import_module(f"emocam.cli.verb.{verb}")
        collect_again()
        return int(module.main(words))
    except SettingError as error:
        sys.stderr.write(f"{hide_secrets(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # of a library, or of a file that nobody thought of
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        from emocam.cli.messages import error_sentence
        from emocam.settings.paths import resource_folder

        sys.stderr.write(f"{error_sentence(error, resource_folder('conf'))}\n")
        return 1


def run_words(words: list[str], began: float, verb: "Verb | None" = None) -> int:
    """Run what the words compose, a run or what a verb does with them, and return the exit status."""
    from emocam.cli.launch import launch
    from emocam.errors import SettingError

    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"

    def tell(error: Exception) -> None:
        from emocam.cli.messages import error_sentence
        from emocam.settings.paths import resource_folder

        if full_error and not isinstance(error, SettingError):
            raise error
        sys.stderr.write(f"{error_sentence(error, resource_folder('conf'))}\n")

    outcome = launch(words, tell, began, verb)
    if outcome.signal is not None:
        sys.stderr.write(f"{outcome.resume_command}\n")
    return outcome.status
