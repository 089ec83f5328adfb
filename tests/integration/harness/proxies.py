# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proxies that this project did not write: squid, tinyproxy, and microsocks for SOCKS5. Each one's own log is
the proof of what went through it."""

import os
import re
import signal
import subprocess

from .listening_program import ListeningProgram, find_program
from .waiting import eventually

USERNAME, PASSWORD = "proxy-user", "s3cret-of-proxy"


class Proxy(ListeningProgram):
    """TUNNEL finds in the log to whom the proxy has connected."""

    TUNNEL = None

    def tunnels(self):
        return re.findall(self.TUNNEL, self.log())

    async def connected_to(self, host, port):
        await eventually(
            lambda: f"{host}:{port}" in self.tunnels(), f"{host}:{port} in the log of {self.PROGRAM}"
        )


class HttpProxy(Proxy):
    @property
    def option(self):
        """As Connect's option "proxy"."""
        return {"host": self.host, "port": self.port}

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"


class Squid(HttpProxy):
    """It writes of a tunnel when it ends. Its own end would take it two seconds."""

    PROGRAM = "squid"
    PORT = 3128
    STOP = signal.SIGKILL
    TUNNEL = r" CONNECT (\S+) "
    CONFIGURATION = """\
http_port {host}:{port}
http_access allow all
cache deny all
access_log stdio:{directory}/log
cache_log {directory}/cache.log
pid_filename none
netdb_filename none
pinger_enable off
buffered_logs off
shutdown_lifetime 0 seconds
coredump_dir {directory}
visible_hostname squid.example.test
"""

    def arguments(self):
        return ["-N", "-f", self.file("configuration")]


class SquidWithPassword(Squid):
    CONFIGURATION = (
        """\
auth_param basic program /usr/lib/squid/basic_ncsa_auth {directory}/passwords
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access deny !known
"""
        + Squid.CONFIGURATION
    )

    def configuration(self):
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", PASSWORD], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        with open(self.file("passwords"), "w", encoding="ascii") as file:
            file.write(f"{USERNAME}:{hashed}")
        return super().configuration()


class Tinyproxy(HttpProxy):
    PROGRAM = "tinyproxy"
    PORT = 8888
    TUNNEL = r": CONNECT (\S+) HTTP/1.1"
    CONFIGURATION = """\
Listen {host}
Port {port}
Timeout 60
MaxClients 50
LogFile "{directory}/log"
LogLevel Info
PidFile "{directory}/pid"
"""

    def arguments(self):
        return ["-d", "-c", self.file("configuration")]


class SocksProxy(Proxy):
    """Asks for user and password where AUTHENTICATED."""

    PROGRAM = "microsocks"
    PORT = 1080
    TUNNEL = r": connected to (\S+)"

    def __init__(self, directory, authenticated=False):
        super().__init__(directory)
        self.authenticated = authenticated

    def arguments(self):
        credentials = ["-u", USERNAME, "-P", PASSWORD] if self.authenticated else []
        return ["-i", self.host, "-p", self.port, *credentials]

    @property
    def url(self):
        return f"socks5://{self.host}:{self.port}"

    def log(self):
        return self.process.stderr()


def has_basic_authentication():
    return find_program("squid") is not None and os.access("/usr/lib/squid/basic_ncsa_auth", os.X_OK)
