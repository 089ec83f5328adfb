# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fixtures of the integration tests. Each test gets a bus, a service and servers of its own; they are
taken down in the opposite order, applications first, so that the service can be seen to have kept nothing of
them."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid

import pytest

from harness import accounts, library_application as library_application_module, namespace
from harness import service as service_module, tool
from harness.bus import PrivateBus
from harness.bus_application import BusApplication
from harness.certificates import Authority
from harness.cgroups import Cgroups
from harness.name_server import NameServer
from harness.namespace import Namespace
from harness.process import Process
from harness.raw_server import RawServer
from harness.remote_application import RemoteApplication
from harness.server import Server, echo
from harness.service import Service
from harness.session_bus import ActivatingBus


def _new_directory():
    """Unlike pytest's own, one that the service's user may enter."""
    path = tempfile.mkdtemp(prefix="wsbroker-test-")
    os.chmod(path, 0o755)
    return path


def pytest_sessionstart():
    if not os.access(service_module.program(), os.X_OK):
        pytest.exit(f"{service_module.program()} is not there: build it, or set WSBROKERD", returncode=2)


@pytest.fixture
def directory():
    path = _new_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def authority():
    """The authority that the service's system trusts."""
    path = _new_directory()
    yield Authority(path)
    shutil.rmtree(path)


@pytest.fixture
async def bus(directory):
    private_bus = PrivateBus(directory)
    try:
        yield await private_bus.start()
    finally:
        await private_bus.stop()


@pytest.fixture
async def name_server():
    if not accounts.IS_ROOT:
        pytest.skip("needs root: a DNS server on port 53")
    server = await NameServer().start()
    yield server
    server.stop()


@pytest.fixture
def service_namespace(request, directory, authority):
    if request.node.get_closest_marker("name_server"):
        return Namespace(directory, authority.path, request.getfixturevalue("name_server").host)
    return Namespace(directory, authority.path)


@pytest.fixture
def needs_names():
    if not namespace.available():
        pytest.skip("needs a mount namespace: names and trusted certificates of the test's own")


@pytest.fixture
async def stopped_service(request, bus, directory, service_namespace):
    """Configured, not started. Whatever else the test does with it, nothing may have been reported."""
    service = Service(directory, bus, service_namespace)
    policy = request.node.get_closest_marker("policy")
    service.write_policy(policy.args[0] if policy else service_module.DEFAULT_POLICY)
    config = request.node.get_closest_marker("config")
    service.write_config(service_module.DEFAULT_CONFIG + (config.args[0] if config else ""))
    try:
        yield service
    finally:
        await service.destroy()
    service.check_reports()


@pytest.fixture
async def service(stopped_service):
    """On the bus. At the end it must still be there, with no WebSocket left, and exit 0 on SIGTERM."""
    await stopped_service.start()
    yield stopped_service
    await stopped_service.finish()


@pytest.fixture
async def activating_bus(directory, service_namespace):
    """Nobody has used the service yet. What it reports reaches the standard error of the bus."""
    service = Service(directory, None, service_namespace)
    service.write_policy(service_module.DEFAULT_POLICY)
    service.write_config(service_module.DEFAULT_CONFIG)
    program = service_module.program()
    command = [*service_namespace.command(), program, "--bus=session", *service.config_arguments]
    bus = ActivatingBus(directory, command, service_module.environment())
    try:
        yield await bus.start()
    finally:
        await bus.stop()
        print(bus.process.stderr())
    service.process = bus.process
    service.check_reports()


@pytest.fixture
async def servers():
    """What start() of a server has returned, to be stopped at the end."""
    started = []
    yield started
    for server in started:
        await server.stop()


@pytest.fixture
async def serve(servers):
    """Starts a python3-websockets server: serve(handler, …)."""

    async def start(handler=echo, **options):
        servers.append(await Server(handler, **options).start())
        return servers[-1]

    return start


@pytest.fixture
async def serve_raw(servers):
    """Starts a scripted server: serve_raw(script, …)."""

    async def start(script, **options):
        servers.append(await RawServer(script, **options).start())
        return servers[-1]

    return start


@pytest.fixture
def refusing_port():
    """A port of 127.0.0.1 at which nobody listens, and that nobody else is given meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
async def bus_application(service, servers):
    """An application that speaks D-Bus, in this process."""
    application = await BusApplication.start(service.bus.new_connection())
    yield application
    await application.leave()


@pytest.fixture
async def library_application(service, servers, directory):
    """An application that uses the client library, with a stream for its messages."""
    async with library_application_module.running(directory, service) as application:
        yield application


@pytest.fixture
async def library_signals_application(service, servers, directory):
    """The same without a stream: its messages are signals."""
    async with library_application_module.running(directory, service, stream=False) as application:
        yield application


def pytest_generate_tests(metafunc):
    """A test of an application is run for each way to be one: over the bus and through the library, and, where its
    module says so, through the library without a stream. A module may have a fixture of that name of its own."""
    if "application" in metafunc.fixturenames and not hasattr(metafunc.module, "application"):
        ways = getattr(metafunc.module, "APPLICATIONS", ["bus", "library"])
        metafunc.parametrize("application", ways, indirect=True)


@pytest.fixture
def application(request):
    return request.getfixturevalue(f"{request.param.replace('-', '_')}_application")


@pytest.fixture
async def websocket(application):
    return await application.create()


@pytest.fixture
async def remote(service, servers, directory):
    """Starts applications in processes of their own: remote(user=…, cgroup_procs=…)."""
    started = []

    async def start(**identity):
        application = RemoteApplication(f"caller-{len(started)}", directory, service.bus.address, **identity)
        started.append(application)
        return await application.start()

    yield start
    for application in started:
        await application.destroy()


@pytest.fixture
async def make_unit():
    """Makes the cgroup of a unit, as systemd would: make_unit(path); its cgroup.procs."""
    cgroups = Cgroups()
    yield cgroups.make
    await cgroups.remove()


@pytest.fixture
async def remote_in(remote, make_unit):
    """Starts an application in a cgroup, which is empty again when the test ends."""
    started = []

    async def start(path, **identity):
        application = await remote(cgroup_procs=make_unit(path), **identity)
        started.append(application)
        return application

    yield start
    for application in started:
        await application.destroy()


@pytest.fixture
def unit_name():
    return f"wsbroker-test-{uuid.uuid4().hex[:12]}.service"


@pytest.fixture
async def start_tool(bus, directory):
    """Starts wsbrokerctl on the private bus: start_tool(arguments…, user=…, stdout=…, and what its environment has)."""
    started = []

    async def start(*arguments, user=None, stdout=subprocess.PIPE, **variables):
        process = Process(
            f"wsbrokerctl-{len(started)}",
            directory,
            [*accounts.run_as(user), tool.program(), *arguments],
            env=service_module.environment(DBUS_SYSTEM_BUS_ADDRESS=bus.address, TZ="UTC") | variables,
            stdin=subprocess.PIPE,
            stdout=stdout,
        )
        started.append(process)
        return await process.start()

    yield start
    for process in started:
        await process.destroy()
