"""The page on 127.0.0.1: for whoever has its address, and for no other site or name."""

import http.client
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from emocam.errors import SettingError
from emocam.live.page import MOST_VIEWERS, LivePage

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
STOPPED: list[str] = []


@pytest.fixture
def page() -> Iterator[LivePage]:
    STOPPED.clear()
    served = LivePage(lambda: STOPPED.append("stop"))
    served.shown.state = {"numbers": {"frames": "12"}, "kept": ["no picture"]}
    served.shown.show(Image.new("RGB", (64, 48), "red"))
    yield served
    served.close()


def ask(page: LivePage, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    address = urlsplit(page.address)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = b"" if path.endswith("/frames") and answer.status == 200 else answer.read()
    found = answer.status, body, dict(answer.getheaders())
    connection.close()
    return found


def test_who_has_the_address_sees_the_page_and_its_numbers(page: LivePage) -> None:
    secret = urlsplit(page.address).path
    status, body, headers = ask(page, secret)
    assert status == 200
    assert b"What the network answers" in body
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert json.loads(ask(page, f"{secret}state")[1])["numbers"] == {"frames": "12"}
    for name in ("page.js", "page.css"):
        assert ask(page, secret + name)[0] == 200


def test_all_others_are_refused(page: LivePage) -> None:
    secret = urlsplit(page.address).path
    host = urlsplit(page.address).netloc
    for path in ("/", "/state", "/frames", f"/{'a' * 32}/state"):
        assert ask(page, path)[0] == 403
    for path in (f"{secret}../page.py", f"{secret}page.py", f"{secret}%2e%2e/page.py", f"{secret}page.html/"):
        assert ask(page, path)[0] == 404
    assert ask(page, f"{secret}state", Host="evil.example")[0] == 403  # a name that was led here
    assert ask(page, f"{secret}frames", Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(page, f"{secret}state", Origin="http://evil.example")[0] == 403
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert ask(page, f"{secret}stop", "POST", **headers)[0] == 403
    assert not STOPPED
    assert ask(page, f"{secret}stop", "POST", Origin=f"http://{host}")[0] == 200
    last = time.monotonic() + 10
    while not STOPPED and time.monotonic() < last:  # the button has its answer before the watching stops
        time.sleep(0.01)
    assert STOPPED == ["stop"]


def test_frames_are_jpegs_the_newest_one_each_time(page: LivePage) -> None:
    address = urlsplit(page.address)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    connection.request("GET", f"{address.path}frames")
    answer = connection.getresponse()
    for colour in ((254, 0, 0), (0, 0, 254)):
        while not (line := answer.fp.readline()).startswith(b"Content-Length"):
            assert line
        answer.fp.readline()
        image = Image.open(io.BytesIO(answer.fp.read(int(line.split()[1]))))
        assert image.size == (64, 48)
        assert max(abs(a - b) for a, b in zip(image.getpixel((9, 9)), colour, strict=True)) < 12
        page.shown.show(Image.new("RGB", (64, 48), "blue"))
    assert page.shown.viewers == 1
    page.shown.viewers = MOST_VIEWERS
    assert ask(page, f"{address.path}frames")[0] == 503
    connection.close()


def test_a_port_that_is_taken_is_one_sentence(page: LivePage) -> None:
    with pytest.raises(SettingError, match=r"^watch\.port \d+ cannot be used"):
        LivePage(lambda: None, urlsplit(page.address).port or 0)


def until(asked: Callable[[], Any]) -> Any:
    """What is asked for, as soon as it is there."""
    for _ in range(100):
        if found := asked():
            return found
        time.sleep(0.02)
    return None


@pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs chromium and playwright"
)
def test_a_browser_shows_it_and_its_button_ends_it(page: LivePage) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        shown, faults = browser.new_page(), []
        shown.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        shown.goto(page.address, wait_until="domcontentloaded")
        shown.wait_for_selector("#numbers dd")
        page.shown.show(Image.new("RGB", (64, 48), "blue"))
        wide = until(lambda: shown.evaluate("document.getElementById('frame').naturalWidth"))
        assert wide == 64
        assert shown.locator("#kept li").all_inner_texts() == ["no picture"]
        shown.keyboard.press("q")
        assert until(lambda: STOPPED)
        browser.close()
    assert not faults
