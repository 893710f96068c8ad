"""A tracking server that goes at five points of a run: the run ends well, and `emocam upload` tells the rest."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from child import QUIET, start, warm_up
from steps import Part
from store import read_back

WORDS = (*QUIET, "data.images=20", "data.workers=0", "cache=null", "~callback.report", "hydra.run.dir=run")
POINTS = (0.35, 0.5, 0.65, 0.8, 0.95)
"""Which share of a run's connections still gets through."""


class Gate:
    """Passes connections on to a server, so many and no more."""

    def __init__(self, port: int) -> None:
        self.server, self.left, self.passed = port, 1 << 30, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Pass on what both sides say; each request of a connection that is kept counts."""
        with client:
            try:
                with socket.create_connection(("127.0.0.1", self.server)) as server:
                    back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                    back.start()
                    while data := client.recv(1 << 16):
                        if data[:5] in (b"GET /", b"POST ", b"PUT /", b"PATCH"):
                            if self.left <= 0:
                                return
                            self.left -= 1
                            self.passed += 1
                        server.sendall(data)
            except OSError:
                return


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(1 << 16):
            other.sendall(data)
    except OSError:
        return


@contextmanager
def tracking_server(folder: Path) -> Iterator[int]:
    """Start a server of MLflow on this machine alone, and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder / 'server.db'}",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *store]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words], stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + 180
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise RuntimeError(f"no server: {(folder / 'server.log').read_text()[-400:]}") from None
                time.sleep(0.2)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Let a server go while a run tells it something, bring it back, and complete the run."""
    warm_up()
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    with tracking_server(folder) as port:
        gate = Gate(port)
        uri = f"http://127.0.0.1:{gate.port}"
        file = shared / "connections"
        if not file.is_file():
            (folder / "whole").mkdir()
            whole = start(folder / "whole", *WORDS, uri=uri)
            if whole.wait() != 0:
                raise RuntimeError(whole.errors[-400:])
            file.write_text(str(gate.passed))
        gate.left = round(POINTS[number % len(POINTS)] * int(file.read_text()))
        child = start(folder, *WORDS, uri=uri)
        status, errors = child.wait(), child.errors
        gate.left = 1 << 30
        faults = []
        if status != 0 or "emocam upload" not in errors or "Traceback" in errors:
            faults.append(f"at {POINTS[number % len(POINTS)]}: ended with {status} and {errors[-400:]!r}")
        counts = json.loads((folder / "run" / "summary.json").read_text()) if status == 0 else {}
        if counts.get("done") != 20:
            faults.append("the run is not complete in its folder")
        upload = start(folder, "upload", "run", name="upload", uri=uri)
        if (status := upload.wait()) != 0:
            faults.append(f"upload ended with {status}: {upload.errors[-300:]!r}")
        complete, metrics = read_back(f"sqlite:///{folder / 'server.db'}")
        expected = 1 + (folder / "whole").is_dir()
        if complete != expected:
            faults.append(f"{complete} of {expected} runs are complete in the store")
    return {
        "servers gone": 1,
        "complete after upload": complete - (expected - 1),
        "metrics": metrics,
        "faults": faults,
    }


PART = Part(step, 5)
