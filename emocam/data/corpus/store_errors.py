"""What the errors of stores mean: each library has its own, and none knows the others'."""

import errno
from typing import Any

from emocam.errors import SettingError

FORBIDDEN = (401, 403)
PASSING = (408, 429)
"""What a server says that has too much to do, beside its own faults from 500 on."""
OURS = (SettingError, ImportError, TypeError, ValueError, NotImplementedError, RecursionError)
"""Errors of a call rather than of a store."""


def status_of(error: BaseException | None) -> int | None:
    """Return the HTTP status that an error, or what caused it, tells of."""
    while error is not None:
        response: Any = getattr(error, "response", None)
        if isinstance(response, dict):  # of botocore
            response = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        told = (getattr(error, "status", None), getattr(error, "code", None), response)
        for value in (*told, getattr(response, "status_code", None)):
            if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
                return value
        error = error.__cause__
    return None


def unhidden(error: Exception) -> Exception:
    """Return the fault of a connection that a library calls a file that is not there; else the error itself."""
    cause = error.__cause__
    hidden = isinstance(error, FileNotFoundError) and isinstance(cause, Exception)
    if not hidden or isinstance(cause, FileNotFoundError) or status_of(cause) is not None:
        return error
    of_connection = isinstance(cause, OSError) or "Connect" in type(cause).__name__
    return cause if of_connection and isinstance(cause, Exception) else error


def needs_credentials(error: Exception) -> bool:
    """Return whether a store asks for credentials, or for others."""
    named = any(word in type(error).__name__ for word in ("Credential", "RefreshError", "Unauthorized"))
    # gcsfs keeps no number of an answer 403
    named = named or (isinstance(error, OSError) and str(error).startswith("Forbidden"))
    return isinstance(error, PermissionError) or named or status_of(error) in FORBIDDEN


def may_pass(error: Exception) -> bool:
    """Return whether a store may answer when it is asked again."""
    error = unhidden(error)
    if isinstance(error, (FileNotFoundError, NotADirectoryError, *OURS)) or needs_credentials(error):
        return False
    status = status_of(error)
    if status is not None:
        return status >= 500 or status in PASSING
    return not isinstance(error, OSError) or error.errno in (None, errno.EREMOTEIO, errno.ECONNRESET)
