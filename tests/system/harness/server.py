# SPDX-License-Identifier: LGPL-2.1-or-later
"""The WebSocket server of the tests, a unit of the system, and what it has seen."""

import json
import pathlib
import sys

from .machine import eventually, run

PORT = 9001
_UNIT = "echo-server.service"
_EVENTS = pathlib.Path("/run/echo-server-events")
_PROGRAM = pathlib.Path(__file__).with_name("echo_server.py")


class Server:
    """Each connection is known by the path of its URL."""

    url = f"ws://localhost:{PORT}"

    def start(self):
        run(
            *("systemd-run", "--quiet", f"--unit={_UNIT}", f"--property=StandardOutput=truncate:{_EVENTS}"),
            *(sys.executable, "-B", _PROGRAM, str(PORT)),
        )
        eventually(lambda: {"listening": PORT} in self.events(), "server listening")
        return self

    def events(self):
        if not _EVENTS.exists():
            return []
        lines = _EVENTS.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def opened(self, path):
        """Whether there ever was a connection of that PATH."""
        return {"opened": path} in self.events()

    def _codes(self, path):
        return [event["code"] for event in self.events() if event.get("closed") == path]

    def close_code(self, path):
        """With which code the connection of that PATH was closed; waits until it is."""
        return eventually(lambda: self._codes(path), f"{path} closed")[0]

    def stop(self):
        run("systemctl", "stop", _UNIT)
