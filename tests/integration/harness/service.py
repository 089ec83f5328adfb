# SPDX-License-Identifier: LGPL-2.1-or-later
"""A wsbrokerd on a private bus, with a configuration folder that the test fills. Ready when it owns its name.
At the end of each test it must still run, hold no WebSocket, have reported nothing, and stop cleanly."""

import asyncio
import os
import re
import signal

from . import accounts
from .bus import BUS_NAME
from .identity_helper import IdentityHelper
from .process import Process
from .waiting import eventually, within

SOURCE_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))

DEFAULT_POLICY = """\
[user *]
Permissions=INTERNET
AllowDomains=*:*
AllowLocalAddresses=yes
"""

# The tests open connections faster than an application ordinarily may.
DEFAULT_CONFIG = """\
[Broker]
MaxConnectRate=10000/s
"""

# What nothing in the process may print: a report of a sanitizer, a warning of GLib.
_REPORT = re.compile(
    r"ERROR: AddressSanitizer|LeakSanitizer|runtime error:|\*\* ?(?:CRITICAL|WARNING|ERROR)"
    r"|(?:CRITICAL|WARNING|ERROR) \*\*"
)

_SHOWN_LINES = 60  # each decision is one

_PASSED_ENVIRONMENT = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "G_SLICE")


def program():
    """The wsbrokerd under test."""
    return os.environ.get("WSBROKERD", os.path.join(SOURCE_ROOT, "build", "daemon", "wsbrokerd"))


def environment(**more):
    """What the service is started with: nothing of the tester's session but what a sanitizer needs."""
    return {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ} | more


def write_file(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Service:
    def __init__(self, directory, bus, namespace):
        self.directory = directory
        self.bus = bus
        self.namespace = namespace
        self.config_dir = os.path.join(directory, "config")
        self.process = None
        self.identity_helper = None
        self.administrator = None
        self.owners = asyncio.Queue()
        self.expected_reports = []
        self.config_arguments = [f"--config-dir={self.config_dir}"]
        os.makedirs(self.config_dir, exist_ok=True)

    def write_policy(self, text, name="50-test.conf"):
        write_file(os.path.join(self.config_dir, "policy.d", name), text)

    def write_config(self, text):
        write_file(os.path.join(self.config_dir, "wsbroker.conf"), text)

    def command(self, *arguments):
        return [*self.namespace.command(), *accounts.run_as(accounts.service_user()), program(), *arguments]

    def spawn(self, kind="system", **more):
        """The process, not yet started."""
        variable = {"system": "DBUS_SYSTEM_BUS_ADDRESS", "session": "DBUS_SESSION_BUS_ADDRESS"}[kind]
        self.process = Process(
            "wsbrokerd",
            self.directory,
            self.command(f"--bus={kind}", *self.config_arguments),
            env=environment(**{variable: self.bus.address}, **more),
        )
        return self.process

    async def start(self, kind="system", **more):
        if self.administrator is None:
            self.administrator = await self.bus.connect()
            await self.administrator.watch_owner(BUS_NAME, self.owners.put_nowait)
        if accounts.IS_ROOT and self.identity_helper is None:
            self.identity_helper = await self._start_identity_helper()
        if self.identity_helper is not None:
            more = {"WSBROKER_IDENTIFY_SOCKET": self.identity_helper.path} | more
        process = await self.spawn(kind, **more).start()
        owned = asyncio.ensure_future(self._owns_its_name())
        exited = asyncio.ensure_future(process.child.wait())
        await within(asyncio.wait({owned, exited}, return_when=asyncio.FIRST_COMPLETED), "service on the bus")
        assert owned.done(), f"wsbrokerd ended with {process.child.returncode}:\n{process.stderr()}"
        exited.cancel()
        return self

    async def _start_identity_helper(self):
        helper = os.path.join(os.path.dirname(program()), "wsbroker-identify")
        return await IdentityHelper(self.directory, helper, environment()).start()

    async def _owns_its_name(self):
        while await self.owners.get() == "":
            pass

    async def property(self, name):
        reply = await self.administrator.call(
            BUS_NAME,
            "/org/wsbroker1",
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            ["org.wsbroker1.Manager", name],
        )
        assert reply.message_type.name == "METHOD_RETURN", (name, reply.error_name, reply.body)
        return reply.body[0].value

    async def list_websockets(self):
        """Path and properties of each; for an administrator, all that there are."""
        reply = await self.administrator.call(
            BUS_NAME, "/org/wsbroker1", "org.wsbroker1.Manager", "ListWebSockets"
        )
        assert reply.message_type.name == "METHOD_RETURN", (reply.error_name, reply.body)
        return {
            path: {key: variant.value for key, variant in properties.items()}
            for path, properties in reply.body[0]
        }

    async def generation(self):
        return await self.property("PolicyGeneration")

    async def reload(self):
        """Reads the policy again, by SIGHUP, which needs no administrator."""
        before = await self.generation()

        async def is_replaced():
            return await self.generation() > before

        self.process.send_signal(signal.SIGHUP)
        await eventually(is_replaced, "another policy in force")

    async def call_reload_policy(self):
        """The reply, which may be an error."""
        return await self.administrator.call(
            BUS_NAME, "/org/wsbroker1", "org.wsbroker1.Manager", "ReloadPolicy"
        )

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def descriptors(self):
        """How many the service has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    async def no_websocket_left(self):
        async def none():
            return await self.property("WebSockets") == 0

        await eventually(none, "no WebSocket left in the service")

    async def finish(self):
        """What must hold at the end of every test in which the service was not stopped on purpose."""
        assert self.process.running, f"wsbrokerd ended with {self.process.child.returncode}"
        await self.no_websocket_left()
        status = await self.process.stop(signal.SIGTERM)
        assert status == 0, f"wsbrokerd exited with {status} after SIGTERM"

    def check_reports(self):
        reports = [line for line in self.process.stderr().splitlines() if _REPORT.search(line)]
        unexpected = [line for line in reports if not any(text in line for text in self.expected_reports)]
        assert not unexpected, "wsbrokerd reported:\n" + "\n".join(unexpected)

    async def destroy(self):
        if self.process is not None:
            await self.process.destroy()
            lines = self.process.stderr().splitlines()
            print("--- standard error of wsbrokerd, the end ---", *lines[-_SHOWN_LINES:], sep="\n")
        if self.identity_helper is not None:
            await self.identity_helper.destroy()
        if self.administrator is not None:
            self.administrator.disconnect()
