"""A page on 127.0.0.1 that shows the newest frame, for whoever has its address."""

import hmac
import io
import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from emocam.errors import SettingError

HOST = "127.0.0.1"
STATIC = Path(__file__).parent / "static"
KINDS = {"page.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
MOST_VIEWERS = 4
QUALITY = 80
POLL = 0.05
"""Seconds after which the server sees that it is to end."""
WAIT = 1.0
"""Seconds without a frame after which the last is sent again, which finds out whether anybody is there."""
POLICY = (
    "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Shown:
    """The newest frame, encoded once for all who look, and numbers about it."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.viewers = 0
        self.ended = False
        self._changed = threading.Condition()
        self._image: Image.Image | None = None
        self._encoded = b""
        self._number = self._encoded_number = 0

    def show(self, image: Image.Image) -> None:
        """Take the newest frame; nothing is encoded until somebody looks."""
        with self._changed:
            self._image = image
            self._number += 1
            self._changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes]:
        """Return the newest frame's number and JPEG, waiting a while for one after `number`."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self.ended, WAIT)
            if self._image is not None and self._encoded_number != self._number:
                written = io.BytesIO()
                self._image.save(written, "jpeg", quality=QUALITY)
                self._encoded, self._encoded_number = written.getvalue(), self._number
            return self._encoded_number, self._encoded

    def enter(self) -> bool:
        """Count one who looks; return whether there is room for them."""
        with self._changed:
            has_room = self.viewers < MOST_VIEWERS and not self.ended
            self.viewers += has_room
            return has_room

    def leave(self) -> None:
        """Count one less."""
        with self._changed:
            self.viewers -= 1

    def end(self) -> None:
        """Let all who wait go."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()


class PageServer(ThreadingHTTPServer):
    """A server on 127.0.0.1 with what its requests are answered from."""

    daemon_threads = True

    def __init__(self, port: int, shown: Shown, token: str, stop: Callable[[], None]) -> None:
        self.shown, self.token, self.stop = shown, token, stop
        super().__init__((HOST, port), PageRequest)


class LivePage:
    """Serves the page on 127.0.0.1 below a path that cannot be guessed; `stop` is called when its button is pressed.

    Programs of this machine that know the address can look; other machines, and pages of other sites, cannot.
    """

    def __init__(self, stop: Callable[[], None], port: int = 0) -> None:
        self.shown, self.token = Shown(), secrets.token_urlsafe(24)
        try:
            self._server = PageServer(port, self.shown, self.token, stop)
        except OSError as error:
            raise SettingError(
                f"watch.port {port} cannot be used ({error.strerror or error}); 0 takes one that is free"
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL,), name="page", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """The address that a browser opens."""
        return f"http://{HOST}:{self._server.server_port}/{self.token}/"

    def close(self) -> None:
        """End the page."""
        self.shown.end()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PageRequest(BaseHTTPRequestHandler):
    """A request, answered to those who know the path, and came by it."""

    server: "PageServer"
    server_version, sys_version = "emocam", ""
    timeout = 30

    def log_message(self, format: str, *values: object) -> None:
        """Write nothing to the terminal."""

    def do_GET(self) -> None:
        """Send the page, its files, its numbers or the frames."""
        name = self._asked()
        if name is None:
            return
        if name == "frames":
            self._frames()
        elif name == "state":
            self._send(json.dumps(self.server.shown.state).encode(), "application/json")
        elif (name or "page.html") in KINDS:
            file = STATIC / (name or "page.html")
            self._send(file.read_bytes(), f"{KINDS[file.name]}; charset=utf-8")
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Stop watching."""
        name = self._asked(posted=True)
        if name == "stop":
            self._send(b"{}", "application/json")
            self.server.stop()
        elif name is not None:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _asked(self, posted: bool = False) -> str | None:
        """Return what is asked for below the secret path; refuse who does not know it, or is of another site."""
        port = self.connection.getsockname()[1]
        hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        origin = self.headers.get("Origin")
        told, _, name = self.path.split("?")[0].removeprefix("/").partition("/")
        known = hmac.compare_digest(told.encode(), self.server.token.encode())
        own_host = self.headers.get("Host") in hosts  # a name that leads here is another site's
        own_origin = (origin is None and not posted) or origin in {f"http://{host}" for host in hosts}
        # the page itself may be opened by a link from anywhere
        sent_here = self.headers.get("Sec-Fetch-Site") not in ("cross-site", "same-site") or name == ""
        if known and own_host and own_origin and sent_here:
            return name
        self._refuse(HTTPStatus.FORBIDDEN)
        return None

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        for key, value in {
            "Content-Type": kind,
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }.items():
            self.send_header(key, value)

    def _send(self, body: bytes, kind: str) -> None:
        self._head(HTTPStatus.OK, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus) -> None:
        self._head(status, "text/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _frames(self) -> None:
        """Send frames, always the newest, until the other side is gone or it ends."""
        if not self.server.shown.enter():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._head(HTTPStatus.OK, "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            number = 0
            while not self.server.shown.ended:
                number, encoded = self.server.shown.after(number)
                if encoded:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(encoded)}\r\n\r\n"
                    self.wfile.write(head.encode() + encoded + b"\r\n")
        except OSError:  # whoever looked is gone
            self.close_connection = True
        finally:
            self.server.shown.leave()
