"""The command `emocam fetch NAME`: downloads published weights to the cache."""

import argparse
import os
import sys
import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from emocam.errors import SettingError, nearest
from emocam.network.published import KNOWN, KnownFile
from emocam.network.weights import cached, file_sha256

CHUNK = 1 << 18
PATIENCE = 30
"""The seconds without a byte after which a download fails."""


def main(arguments: list[str]) -> int:
    """Download the named weights and return 0 when every file is in its place."""
    parser = argparse.ArgumentParser(
        prog="emocam fetch", description="Brings weights that others publish into the cache."
    )
    parser.add_argument("name", help=f"one of: {', '.join(KNOWN)}")
    parser.add_argument("--from", dest="base_url", metavar="URL", help="a folder on a server that has copies")
    parser.add_argument("--into", dest="folder", type=Path, help="a folder other than the cache")
    options = parser.parse_args(arguments)
    for file in fetch(options.name, options.base_url, options.folder):
        sys.stdout.write(f"{file}  sha256 {file_sha256(file)}\n")
    return 0


def fetch(name: str, base_url: str | None = None, folder: Path | None = None) -> list[Path]:
    """Return the files of the named weights, downloaded where they are not on this machine already."""
    if name not in KNOWN:
        raise SettingError(f"there are no known weights {name!r}; {nearest(name, KNOWN)}")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise SettingError(
            f"--from must be an address that begins with http:// or https://, got {base_url!r}"
        )
    return [_fetch_file(file, base_url, folder or cached(file.name).parent) for file in KNOWN[name]]


def _fetch_file(file: KnownFile, base_url: str | None, folder: Path) -> Path:
    place = folder / file.name
    if place.is_file() and _fault(file, place) is None:
        return place
    url = file.url if base_url is None else f"{base_url.rstrip('/')}/{file.name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=folder)
    except OSError as error:
        raise SettingError(f"{folder} cannot be written to ({error}); name another with --into") from None
    arriving = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            _download(url, out, file.name)
        if fault := _fault(file, arriving):
            raise SettingError(f"{url} is not {file.name} as it is known: {fault}; {_by_hand(place)}")
        arriving.replace(place)
    except (OSError, HTTPException, EOFError) as error:
        raise SettingError(f"{url} could not be fetched ({error}); {_by_hand(place)}") from None
    finally:
        arriving.unlink(missing_ok=True)
    return place


def _download(url: str, out: BinaryIO, name: str) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    request = Request(url, headers={"User-Agent": "emocam"})
    with (
        urlopen(request, timeout=PATIENCE) as answer,
        Progress(*columns, console=Console(stderr=True)) as bar,
    ):
        total = int(answer.headers["Content-Length"]) if answer.headers["Content-Length"] else None
        task = bar.add_task(name, total=total)
        while chunk := answer.read(CHUNK):
            out.write(chunk)
            bar.advance(task, len(chunk))
    if total is not None and out.tell() != total:
        raise EOFError(f"it ended after {out.tell()} of {total} bytes")


def _fault(file: KnownFile, path: Path) -> str | None:
    """Return what shows that a file is another one, or None."""
    size = path.stat().st_size
    if not file.least <= size <= file.most:
        span = f"{file.least}" if file.least == file.most else f"{file.least} to {file.most}"
        return f"it has {size} bytes instead of {span}"
    if file.sha256 is not None and file_sha256(path) != file.sha256:
        return f"its sha256 is {file_sha256(path)} instead of {file.sha256}"
    return None


def _by_hand(place: Path) -> str:
    return f"bring the file by another way and put it at {place}"
