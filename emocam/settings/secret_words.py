"""Passwords, keys and signatures that stand in an address: what would be written down with it wherever it goes.

A run's folder keeps its settings and its pictures' addresses, its page and the tracking store show them, and all of
these are handed on.
"""

import re

from emocam.errors import SettingError

PASSWORD = re.compile(r"(?<=://)[^/@\s:?#]*:[^/@\s]*@|(?<=https://)[^/@\s?#]+@|(?<=http://)[^/@\s?#]+@", re.I)
"""Name and password before a host; of HTTP also a name alone, which may be a token."""
SIGNED = re.compile(
    r"(?<=[?&])((?:x-[a-z]+-)?(?:signature|credential|security-token)|sig|(?:access_?|auth_?)?token|password|passwd|pwd"
    r"|secret|api_?key|key|awsaccesskeyid)=[^&#\s'\"]*",
    re.I,
)
"""What a query names that opens a door."""
CURES = (
    ("logger.uri", "MLFLOW_TRACKING_URI, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
    (
        "",
        "the environment, which the store reads (of S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE)",
    ),
)
"""By the beginning of a word, where its password belongs."""


def holds_secret(text: str) -> bool:
    """Return whether a text holds an address with a password, a key or a signature in it."""
    return "://" in text and bool(PASSWORD.search(text) or SIGNED.search(text))


def hide_secrets(text: str) -> str:
    """Return a text whose addresses have lost what opens a door."""
    return SIGNED.sub(r"\1=...", PASSWORD.sub("...@", text)) if "://" in text else text


def check_no_secret(text: str, what: str) -> None:
    """Raise where an address holds a secret: it would be kept in the run's folder, its page and the tracking store."""
    if holds_secret(text):
        cure = next(cure for begin, cure in CURES if text.lstrip("+").startswith(begin))
        raise SettingError(
            f"{what} {hide_secrets(text)} holds a password or a key, which would be written down with the run; "
            f"leave it out, and give it by {cure}"
        )
