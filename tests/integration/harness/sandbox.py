# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sandboxes as Flatpak makes them with bubblewrap: a root of its own with /.flatpak-info in it, no network, and a
bus that is reached through xdg-dbus-proxy, which itself runs in a sandbox with the same /.flatpak-info. To the
bus the proxy is the caller."""

import os
import pwd
import subprocess

from . import accounts
from .process import Process
from .waiting import eventually

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def flatpak_info(name):
    return f"[Application]\nname={name}\nruntime=runtime/org.example.Platform/x86_64/1\n"


def _system_folders():
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/lib", "/lib32", "/lib64", "/sbin"):
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
        elif os.path.exists(name):
            options += ["--ro-bind", name, name]
    return options


def bubblewrap(directory, *options):
    """The beginning of a command line that runs the rest in a root of its own, with the system's programs, the
    tests and DIRECTORY. OPTIONS are bwrap's."""
    return [
        "bwrap",
        "--die-with-parent",
        *_system_folders(),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--ro-bind", _TESTS, _TESTS),
        *("--bind", directory, directory),
        *options,
    ]


def works(user):
    """Whether USER may make such a sandbox here, with a network of its own."""
    command = [*accounts.run_as(user), *bubblewrap("/tmp", "--unshare-all"), "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


class FlatpakSandbox:
    """The application NAME of USER. ENTER: the beginning of a command line that enters its cgroup."""

    def __init__(self, directory, bus_address, name, user, enter=()):
        account = pwd.getpwnam(user)
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory)
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        self.info = os.path.join(self.directory, "flatpak-info")
        with open(self.info, "w", encoding="utf-8") as file:
            file.write(flatpak_info(name))
        # As Flatpak leaves it: for nobody else to read.
        os.chown(self.info, account.pw_uid, account.pw_gid)
        os.chmod(self.info, 0o600)
        self.socket = os.path.join(self.directory, "bus")
        self.proxy = Process(
            "xdg-dbus-proxy",
            self.directory,
            [
                *enter,
                *accounts.run_as(user),
                *bubblewrap(directory, "--ro-bind", self.info, "/.flatpak-info"),
                "xdg-dbus-proxy",
                bus_address,
                self.socket,
                "--filter",
                "--talk=org.wsbroker1",
            ],
        )

    @property
    def address(self):
        """Where the application finds the bus."""
        return f"unix:path={self.socket}"

    def command(self):
        """The beginning of the application's own command line."""
        return bubblewrap(self.directory, "--unshare-all", "--ro-bind", self.info, "/.flatpak-info")

    async def start(self):
        await self.proxy.start()
        await eventually(self._is_ready, "socket of xdg-dbus-proxy")
        return self

    def _is_ready(self):
        assert self.proxy.running, f"xdg-dbus-proxy ended: {self.proxy.stderr()}"
        return os.path.exists(self.socket)

    async def destroy(self):
        await self.proxy.destroy()
