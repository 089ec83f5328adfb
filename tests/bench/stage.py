# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a measurement happens on: the server, a private bus, the service with limits that are not what is
measured, and squid where there is one. All of it on loopback and in a folder of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess

from children import Child, Failed, eventually

_BUS_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

_SERVICE_CONFIGURATION = """\
[Broker]
MaxConnections=100000
MaxConnectRate=1000000/s
MaxPendingHandshakes=64
MaxPendingHandshakesTotal=64
MaxConnectionsPerUser=100000
MaxWebSocketsPerUser=100000
MaxWebSockets=100000
PingInterval=0
"""

_POLICY = """\
[user *]
Permissions=INTERNET
AllowDomains=*:*
AllowLocalAddresses=yes
"""

_SQUID_CONFIGURATION = """\
http_port 127.0.0.1:{port}
http_access allow all
cache deny all
access_log none
cache_log {folder}/cache.log
pid_filename none
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
coredump_dir {folder}
visible_hostname squid.example.test
"""


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _accepts(port):
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def find_squid():
    return shutil.which("squid", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Broker:
    """A bus and the service on it, both new. For a measurement of memory or of thousands of connections."""

    def __init__(self, folder, program):
        self.folder = folder
        os.makedirs(folder)
        _write(f"{folder}/bus.conf", _BUS_CONFIGURATION.format(folder=folder))
        _write(f"{folder}/config/wsbroker.conf", _SERVICE_CONFIGURATION)
        _write(f"{folder}/config/policy.d/bench.conf", _POLICY)
        self.address = f"unix:path={folder}/bus"
        self.service = None
        self.bus = Child(
            "dbus-daemon",
            ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile", "--print-address"],
            folder,
        )
        try:
            self.bus.line()
            self._start_service(program)
        except BaseException:
            self.end()
            raise

    def _start_service(self, program):
        environment = {"PATH": os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": self.address}
        arguments = [program, "--bus=session", f"--config-dir={self.folder}/config"]
        self.service = Child("wsbrokerd", arguments, self.folder, env=environment)
        eventually(self._is_on_the_bus, "wsbrokerd on the bus")

    def _is_on_the_bus(self):
        if self.service.process.poll() is not None:
            self.service.fail("ended")
        call = [f"--address={self.address}", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus"]
        answer = subprocess.run(
            ["busctl", *call, "org.freedesktop.DBus", "NameHasOwner", "s", "org.wsbroker1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return answer.stdout.strip() == b"b true"

    def resident_kib(self):
        return self.service.resident_kib() + self.bus.resident_kib()

    def end(self):
        if self.service is not None:
            self.service.end()
        self.bus.end()


class Stage:
    """A context manager. BUILD is the build folder."""

    def __init__(self, build, folder):
        self.build = os.path.abspath(build)
        self.folder = folder
        self.ca = f"{folder}/certificate.pem"
        self.server = self.broker = self.bus_echo = None
        self.bus_echo_name = self.proxy = None
        self.relays = {}  # for each scheme, the path of a socket
        self._urls = {}
        self._brokers = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._make_certificate()
            self._start_server()
            self.broker = self.new_broker()
            self._start_bus_echo()
            self._start_relays()
            self._start_squid()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def program(self, name):
        """The path of a program of tests/bench, or None where it was not built."""
        path = f"{self.build}/tests/bench/bench-{name}"
        return path if os.access(path, os.X_OK) else None

    def url(self, scheme, behaviour):
        return f"{self._urls[scheme]}/{behaviour}"

    def start(self, name, argv, signal_number=signal.SIGTERM):
        """A process that SIGNAL_NUMBER ends when all is over."""
        child = Child(name, argv, self.folder)
        self._stack.callback(child.end, signal_number)
        return child

    @contextlib.contextmanager
    def fresh_broker(self):
        broker = self.new_broker(kept=False)
        try:
            yield broker
        finally:
            broker.end()

    def new_broker(self, kept=True):
        self._brokers += 1
        broker = Broker(f"{self.folder}/broker-{self._brokers}", f"{self.build}/daemon/wsbrokerd")
        if kept:
            self._stack.callback(broker.end)
        return broker

    def _make_certificate(self):
        """For localhost and 127.0.0.1, and its own authority."""
        kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        paths = ["-keyout", f"{self.folder}/key.pem", "-out", self.ca]
        command = ["openssl", "req", *kind.split(), *names, *paths]
        made = subprocess.run(command, capture_output=True, check=False)
        if made.returncode != 0:
            raise Failed(f"openssl: {made.stderr.decode()}")

    def _start_server(self):
        program = self.program("server")
        if program is None:
            raise Failed(f"{self.build} has no bench-server: build the target `bench`")
        self.server = self.start("server", [program, self.ca, f"{self.folder}/key.pem"])
        plain, tls = self.server.line().split()
        self._urls = {"ws": f"ws://127.0.0.1:{plain}", "wss": f"wss://127.0.0.1:{tls}"}

    def _start_bus_echo(self):
        self.bus_echo = self.start("bus-echo", [self.program("bus-echo"), self.broker.address])
        self.bus_echo_name = self.bus_echo.line()

    def _start_relays(self):
        for scheme, url in self._urls.items():
            self.relays[scheme] = f"{self.folder}/relay-{scheme}"
            port = url.rsplit(":", 1)[1]
            relay = self.start(f"relay-{scheme}", [self.program("relay"), self.relays[scheme], port])
            relay.line()

    def _start_squid(self):
        program = find_squid()
        if program is None:
            return
        folder, port = f"{self.folder}/squid", _free_port()
        _write(f"{folder}/squid.conf", _SQUID_CONFIGURATION.format(folder=folder, port=port))
        os.chmod(self.folder, 0o755)
        os.chmod(folder, 0o777)  # it gives up root's rights before it writes here
        # Its own end would take it two seconds.
        squid = self.start("squid", [program, "-N", "-f", f"{folder}/squid.conf"], signal.SIGKILL)
        try:
            eventually(lambda: _accepts(port) or squid.process.poll() is not None, "squid listens")
        except Failed:
            return
        if squid.process.poll() is None:
            self.proxy = f"http://127.0.0.1:{port}"
