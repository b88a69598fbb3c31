# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven through its DevTools pipe (--remote-debugging-pipe: JSON ended by a zero byte on the file
descriptors 3 and 4). Needs nothing but the browser and Python. The browser has no network: every name and address fails
to resolve, and every request it tries is kept in `requests`.

    with Browser(directory) as browser:
        browser.open(path); browser.value("document.title"); browser.click(x, y); browser.screenshot(path)
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import time


def find():
    """The browser; None: there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    def __init__(self, directory, width=1200, height=900, script=True, dark=False, patience=60):
        self.directory, self.size, self.script, self.dark = pathlib.Path(directory), (width, height), script, dark
        self.patience = patience
        self.number, self.buffer = 0, b""
        self.requests, self.complaints, self.dialogs = [], [], []

    def __enter__(self):
        out_read, self.out = os.pipe()
        self.into, in_write = os.pipe()
        # Descriptors 3 and 4 of the child, whatever they are here.
        command = ["sh", "-c", f"exec 3<&{out_read} 4>&{in_write}; exec \"$@\"", "sh", find(), "--headless", "--no-sandbox",
                   "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--force-device-scale-factor=1",
                   f"--user-data-dir={self.directory / 'browser'}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(out_read, in_write), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(out_read)
        os.close(in_write)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1], deviceScaleFactor=1,
                  mobile=False)
        if not self.script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        if self.dark:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.into], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise OSError("the browser has ended")
            self.buffer += piece
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        self.note(message)
        return message

    def note(self, message):
        method, of = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(of["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = of["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
            self.complaints.append(of["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(of["message"])

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.patience
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise OSError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, path):
        """Loads a file; seconds until its load event, by the browser's own clock (0 without script)."""
        self.requests.clear()
        self.complaints.clear()
        self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        deadline = time.monotonic() + self.patience
        while self.receive(deadline).get("method") != "Page.loadEventFired":
            pass
        if not self.script:
            return 0
        return self.value("performance.getEntriesByType('navigation')[0].loadEventStart") / 1000

    def value(self, expression):
        """What the expression is in the page, as JSON."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise ValueError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, x, y):
        self.mouse("mouseMoved", x, y)

    def click(self, x, y):
        self.hover(x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def drag(self, x, y, to_x, to_y):
        self.hover(x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        for step in range(1, 6):
            self.mouse("mouseMoved", x + (to_x - x) * step / 5, y + (to_y - y) * step / 5, button="left")
        self.mouse("mouseReleased", to_x, to_y, button="left", clickCount=1)

    def screenshot(self, path, whole=False):
        more = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            more = {"captureBeyondViewport": True,
                    "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        answer = self.call("Page.captureScreenshot", format="png", **more)
        pathlib.Path(path).write_bytes(base64.b64decode(answer["data"]))
