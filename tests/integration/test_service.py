# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as a process: its options, its configuration, its start and its end."""

import asyncio
import os
import re
import signal
import socket
import subprocess

import pytest

from harness import accounts
from harness.application import Close, Error
from harness.bus import BUS_NAME
from harness.bus_application import BusApplication
from harness.process import Process
from harness.service import SOURCE_ROOT, environment, program, write_file
from harness.waiting import within


@pytest.fixture
async def run(directory):
    """Runs wsbrokerd to its end: exit status, standard output and standard error."""

    async def run(*arguments, **more):
        process = await Process(
            "wsbrokerd-run",
            directory,
            [program(), *arguments],
            env=environment(**more),
            stdout=subprocess.PIPE,
        ).start()
        output = await within(process.child.stdout.read(), "output of wsbrokerd")
        return await process.exit_status(), output.decode(), process.stderr()

    return run


async def test_version(run):
    with open(os.path.join(SOURCE_ROOT, "meson.build"), encoding="utf-8") as file:
        version = re.search(r"version: '([^']+)'", file.read()).group(1)
    status, output, _ = await run("--version")
    assert status == 0
    assert version in output


async def test_help_lists_every_option(run):
    status, output, _ = await run("--help")
    assert status == 0
    for option in ("--bus", "--config-dir", "--check", "--version", "--help"):
        assert option in output


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["--bus=starter"], ["--bus="], ["extra"], ["--config-dir"]]
)
async def test_wrong_arguments(run, arguments):
    status, _, errors = await run(*arguments)
    assert status not in (0, -signal.SIGABRT, -signal.SIGSEGV) and status > 0
    assert errors.strip()


GOOD_POLICY = (
    "# A comment\n\n[user *]\nPermissions=INTERNET\nAllowDomains=chat.example.com;*.cdn.example.com:8443\n"
)

BROKEN_POLICIES = {
    "no section": ("Permissions=INTERNET\n", 1),
    "unknown section kind": ("[users *]\n", 1),
    "section without a name": ("[user]\n", 1),
    "section that does not end": ("[user *\n", 1),
    "unknown key": ("[user *]\nPermission=INTERNET\n", 2),
    "no key and value": ("[user *]\n\nnonsense\n", 3),
    "unknown permission": ("[user *]\nPermissions=EVERYTHING\n", 2),
    "same key twice": ("[user *]\nPermissions=INTERNET\nPermissions=\n", 3),
    "wildcard inside": ("[user *]\nPermissions=INTERNET\nAllowDomains=a.*.example.com\n", 3),
    "wildcard at the end": ("[user *]\nAllowDomains=example.*\n", 2),
    "path in a pattern": ("[user *]\nAllowDomains=example.com/chat\n", 2),
    "host bits in a range": ("[user *]\nAllowDomains=10.0.0.1/8\n", 2),
    "bad port": ("[user *]\nAllowDomains=example.com:70000\n", 2),
    "bad scheme": ("[user *]\nDenyDomains=http://example.com\n", 2),
    "bad boolean": ("[user *]\nAllowLocalAddresses=perhaps\n", 2),
    "no UTF-8": (b"[user *]\n# \xff\n", 2),
}


@pytest.mark.parametrize("text, line", BROKEN_POLICIES.values(), ids=BROKEN_POLICIES)
async def test_check_reports_file_and_line_of_a_broken_policy(run, directory, text, line):
    path = os.path.join(directory, "config", "policy.d", "50-broken.conf")
    write_file(path, "")
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    status, output, errors = await run("--check", f"--config-dir={directory}/config")
    assert status > 0
    assert f"50-broken.conf:{line}: " in output + errors


BROKEN_CONFIGURATIONS = {
    "unknown key": ("[Broker]\nConectTimeout=5s\n", 2),
    "bad time": ("[Broker]\nConnectTimeout=soon\n", 2),
    "bad size": ("[Broker]\n\nMaxMessageSize=1X\n", 3),
    "no size": ("[Broker]\nMaxMessageSize=\n", 2),
    "negative": ("[Broker]\nMaxConnections=-1\n", 2),
    "overflow": ("[Broker]\nMaxMessageSize=99999999999999999999G\n", 2),
    "bad rate": ("[Broker]\nMaxConnectRate=ten\n", 2),
    "unknown section": ("[Broken]\n", 1),
    "bad boolean": ("[Broker]\nPermessageDeflate=2\n", 2),
}


@pytest.mark.parametrize("text, line", BROKEN_CONFIGURATIONS.values(), ids=BROKEN_CONFIGURATIONS)
async def test_check_reports_file_and_line_of_a_broken_configuration(run, directory, text, line):
    write_file(os.path.join(directory, "config", "wsbroker.conf"), text)
    status, output, errors = await run("--check", f"--config-dir={directory}/config")
    assert status > 0
    assert f"wsbroker.conf:{line}: " in output + errors


async def test_check_reports_every_error(run, directory):
    write_file(f"{directory}/config/policy.d/10-first.conf", "[user *]\nWrong=1\nAllowDomains=a*\n")
    write_file(f"{directory}/config/policy.d/20-second.conf", "[nobody]\n")
    write_file(f"{directory}/config/wsbroker.conf.d/30-third.conf", "[Broker]\nWrong=1\n")
    status, output, errors = await run("--check", f"--config-dir={directory}/config")
    assert status > 0
    for place in ("10-first.conf:2: ", "10-first.conf:3: ", "20-second.conf:1: ", "30-third.conf:2: "):
        assert place in output + errors


async def test_check_of_what_is_good(run, directory):
    write_file(f"{directory}/config/policy.d/50-good.conf", GOOD_POLICY)
    write_file(f"{directory}/config/wsbroker.conf", "[Broker]\nConnectTimeout=5s\nMaxMessageSize=1M\n")
    status, _, errors = await run("--check", f"--config-dir={directory}/config")
    assert (status, errors) == (0, "")
    # It is the files that were good.
    write_file(f"{directory}/config/policy.d/60-bad.conf", "[user *]\nWrong=1\n")
    status, _, _ = await run("--check", f"--config-dir={directory}/config")
    assert status > 0


async def test_check_needs_no_bus_and_no_files(run, directory):
    os.mkdir(f"{directory}/empty")
    no_bus = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}
    status, _, _ = await run("--check", f"--config-dir={directory}/empty", **no_bus)
    assert status == 0
    status, _, _ = await run(f"--config-dir={directory}/empty", **no_bus)
    assert status > 0


@pytest.mark.parametrize("name", ["missing", "file"])
async def test_check_of_a_folder_that_is_none(run, directory, name):
    """A name that is misspelt must not pass for a policy without a rule."""
    write_file(f"{directory}/file", "")
    status, _, errors = await run("--check", f"--config-dir={directory}/{name}")
    assert status > 0
    assert f"{directory}/{name}" in errors


@pytest.mark.policy("[user *]\nPermission=INTERNET\n")
async def test_start_with_a_broken_policy_takes_no_name(stopped_service, bus):
    connection = await bus.connect()
    owners = []
    await connection.watch_owner(BUS_NAME, owners.append)
    process = await stopped_service.spawn().start()
    assert await process.exit_status() > 0
    assert "50-test.conf:2: " in process.stderr()
    # The bus delivers in order: had the name been taken, this answer would come after the news of it.
    assert await connection.call_bus("NameHasOwner", "s", BUS_NAME) == [False]
    assert owners == []
    connection.disconnect()


async def test_second_service_does_not_take_the_name(service, run):
    status, _, errors = await run(
        "--bus=system", f"--config-dir={service.config_dir}", DBUS_SYSTEM_BUS_ADDRESS=service.bus.address
    )
    assert status > 0
    assert errors.strip()


async def test_start_without_a_bus(run, directory):
    status, _, errors = await run(
        "--bus=system", f"--config-dir={directory}", DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere/bus"
    )
    assert status > 0
    assert errors.strip()


async def test_bus_goes_away(stopped_service, bus):
    """Nothing is left to serve: the service ends by itself, and says so by its exit status."""
    service = await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    await application.create()
    await bus.process.stop(signal.SIGKILL)
    assert await service.process.exit_status() > 0


async def test_session_bus(stopped_service, serve, bus):
    await stopped_service.start(kind="session")
    server = await serve()
    application = await BusApplication.start(bus.new_connection())
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.echo("on the session bus")
    await application.leave()
    await stopped_service.finish()


async def test_readiness_is_notified(stopped_service, directory):
    path = os.path.join(directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        os.chmod(path, 0o777)
        notify.setblocking(False)
        await stopped_service.start(NOTIFY_SOCKET=path)
        loop = asyncio.get_running_loop()
        received = (await within(loop.sock_recv(notify, 4096), "notification")).decode().splitlines()
        assert "READY=1" in received
        stopped_service.process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in received:
            received += (await within(loop.sock_recv(notify, 4096), "notification")).decode().splitlines()
        assert await stopped_service.process.exit_status() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_closes_every_connection_with_1001(stopped_service, serve, bus, number):
    await stopped_service.start()
    server = await serve()
    application = await BusApplication.start(bus.new_connection())
    websockets = [await application.create() for _ in range(5)]
    for websocket in websockets:
        await websocket.open(server.url())
    stopped_service.process.send_signal(number)
    for websocket in websockets:
        assert (await (await server.accepted()).closed())[0] == 1001
        assert (await websocket.next(Error)).details["stage"] == "cancelled"
        event = await websocket.next()
        if isinstance(event, Error):
            event = await websocket.next(Close)
        assert event.code == 1001
    assert await stopped_service.process.exit_status() == 0
    await application.leave()


@pytest.mark.config("CloseTimeout=200ms\n")
async def test_stop_does_not_wait_for_a_server_that_never_answers(stopped_service, serve_raw, bus):
    async def ignores(peer):
        await peer.accept()
        await peer.read_to_end()

    await stopped_service.start()
    server = await serve_raw(ignores)
    application = await BusApplication.start(bus.new_connection())
    websocket = await application.create()
    await websocket.open(server.url())
    assert await stopped_service.process.stop(signal.SIGTERM) == 0
    await server.ended()
    await application.leave()


async def test_library_reports_the_loss_of_the_service_once(library_application, serve, service):
    server = await serve()
    websocket = await library_application.create()
    await websocket.open(server.url())
    await service.process.stop(signal.SIGKILL)
    assert (await websocket.next(Error)).code == 200
    assert await websocket.next(Close) == Close(1006, "")
    await library_application.command("barrier")
    websocket.nothing_more()
    await service.start()


async def test_drop_ins_are_read_after_the_file_and_by_name(stopped_service, bus):
    folder = stopped_service.config_dir
    stopped_service.write_config("[Broker]\nMaxMessageSize=1M\n")
    write_file(f"{folder}/wsbroker.conf.d/60-size.conf", "[Broker]\nMaxMessageSize=3M\n")
    write_file(f"{folder}/wsbroker.conf.d/50-size.conf", "[Broker]\nMaxMessageSize=2M\n")
    write_file(f"{folder}/wsbroker.conf.d/70-ignored.txt", "nonsense\n")
    write_file(f"{folder}/policy.d/70-ignored.conf~", "nonsense\n")
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    assert await (await application.create()).property("MaxMessageSize") == 3 * 2**20
    await application.leave()
    await stopped_service.finish()


@accounts.needs_root
async def test_the_three_folders_and_their_priority(stopped_service, bus):
    """A file in a higher folder replaces its namesake in a lower one."""
    etc, run, lib = (stopped_service.namespace.add_overlay(folder) for folder in ("/etc", "/run", "/usr/lib"))

    def write(folder, name, hosts):
        write_file(
            f"{folder}/wsbroker/policy.d/{name}", f"[user *]\nPermissions=INTERNET\nAllowDomains={hosts}\n"
        )

    write(etc, "10-a.conf", "etc-a")
    write(run, "10-a.conf", "run-a")
    write(lib, "10-a.conf", "lib-a")
    write(run, "20-b.conf", "run-b")
    write(lib, "20-b.conf", "lib-b")
    write(lib, "30-c.conf", "lib-c")
    stopped_service.config_arguments = []
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    allowed = [
        host
        for host in ("etc-a", "run-a", "lib-a", "run-b", "lib-b", "lib-c")
        if (await application.call_manager("CheckAccess", "s", f"ws://{host}/"))[0]
    ]
    assert allowed == ["etc-a", "run-b", "lib-c"]
    await application.leave()
    await stopped_service.finish()
