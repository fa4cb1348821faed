"""A headless Chromium, driven over the WebDriver protocol with the standard library alone."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One session. Elements are found by CSS selectors."""

    def __init__(self, base: str) -> None:
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"]
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self._base = base
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base = f"{base}/session/{session['sessionId']}"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            self._base + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())["value"]

    def open(self, path: Path) -> None:
        """Load a file from disk."""
        self.go(path.resolve().as_uri())

    def go(self, address: str) -> None:
        """Load an address."""
        self._call("POST", "/url", {"url": address})

    def texts(self, selector: str) -> list[str]:
        """Text of every element that matches."""
        return [self._call("GET", f"/element/{one}/text") for one in self._find(selector)]

    def click(self, selector: str, index: int = 0) -> None:
        """Click a matching element."""
        self._call("POST", f"/element/{self._find(selector)[index]}/click")

    def run(self, script: str) -> Any:
        """What a function body returns in the page; it may await."""
        return self._call(
            "POST", "/execute/sync", {"script": f"return (async () => {{{script}}})();", "args": []}
        )

    def keys(self, text: str) -> None:
        """Press keys one after the other, on what has the focus. Names of keys are those of WebDriver."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    def look(self, width: int, height: int, dark: bool = False) -> None:
        """Change the size of the page, and whether the system prefers dark pages."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.chrome("Emulation.setEmulatedMedia", {"features": [scheme]})

    def chrome(self, command: str, options: dict[str, Any]) -> Any:
        """What a command of the DevTools protocol gives."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": options})

    def screenshot(self, path: Path) -> None:
        """Write what the page shows as PNG."""
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def console(self) -> list[str]:
        """Errors and warnings that the page put on the console since the last call."""
        entries = self._call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def _find(self, selector: str) -> list[str]:
        found = self._call("POST", "/elements", {"using": "css selector", "value": selector})
        return [item[ELEMENT] for item in found]

    def quit(self) -> None:
        """End the session."""
        self._call("DELETE", "")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for one test; skips, saying so, where Chromium and its driver are not installed."""
    driver = shutil.which("chromedriver")
    if driver is None or not (shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("needs chromium and chromedriver")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    session = None
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        session = Browser(f"http://127.0.0.1:{port}")
        yield session
    finally:
        if session is not None:
            session.quit()
        process.terminate()
        process.wait(20)
