"""Objects that a list names one by one: below an address, without a look at what else is there."""

import posixpath
import threading
from typing import Any

from emocam.data.corpus.store import Store
from emocam.data.ending import ending_of
from emocam.errors import Refused
from emocam.settings.roots import ADDRESS
from emocam.settings.stored_file import StoredFile


class StoredObjects:
    """The objects of a store, named by paths below its address. With `elsewhere` they may lie beside it."""

    def __init__(self, store: Store, elsewhere: bool = False) -> None:
        self.store, self.elsewhere = store, elsewhere
        self._recent = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store, "elsewhere": self.elsewhere}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def relative(self, path: str) -> str:
        """Return a path below the address; an address of what lies below it is one, too."""
        whole = self.store.address.rstrip("/") + "/"
        path = path.removeprefix(whole)
        return path if "://" in path else posixpath.normpath(path)

    def picture(self, path: str) -> StoredFile:
        """Return what an object is read from; refuse one that lies elsewhere, of another store in any case."""
        path = self.relative(path)
        if _store_of(path) not in ("", _store_of(self.store.address)):
            raise Refused("is an address of another store than data.root")
        if ("://" in path or path.startswith(("/", ".."))) and not self.elsewhere:
            raise Refused("lies outside data.root; data.follow_links=true reads it there")
        address = path if "://" in path else f"{self.store.address.rstrip('/')}/{path}"
        suffix = ending_of(posixpath.basename(path))
        return StoredFile(address, suffix, None, lambda: self._bytes(address))

    def _bytes(self, address: str) -> bytes:
        """Read an object; the one read last is kept, since it is digested before it is opened."""
        if getattr(self._recent, "address", None) != address:
            self._recent.address, self._recent.data = None, b""
            self._recent.data = self.store.read_whole(self.store.system._strip_protocol(address))
            self._recent.address = address
        data: bytes = self._recent.data
        return data


def _store_of(address: str) -> str:
    """Return protocol and host, or bucket, of an address; empty for a path."""
    found = ADDRESS.match(address)
    return found[0].lower() + address[found.end() :].partition("/")[0] if found else ""
