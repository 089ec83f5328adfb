# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion of wsbrokerctl, typed into the shells themselves. Both offer what --help says, because all three are made
from the same tables."""

import os
import re

import pytest

from harness import accounts, tool
from harness.bus import BUS_NAME
from harness.bus_application import MANAGER, MANAGER_PATH
from harness.service import SOURCE_ROOT, write_file
from harness.shell import Shell

COMPLETIONS = os.path.join(os.path.dirname(tool.program()), "completion")


def read_help(folder):
    """The commands that take each option, None for all; and the names of all commands."""
    takers, names, section = {}, [], []
    for line in tool.run(folder, "--help").output.splitlines():
        command = re.match(r"  (policy [a-z]+|[a-z]+)(?: [A-Z]+)* {2,}\S", line)
        option = re.match(r"  --([a-z-]+)", line)
        if command:
            names.append(command[1])
        elif option:
            takers.setdefault(option[1], []).extend(section)
        elif line.endswith(":"):
            section = [None] if line.startswith("Options") else line[:-1].split(", ")
    return takers, names


def options_of(folder, command):
    takers, _ = read_help(folder)
    return {
        f"--{name}" for name, each in takers.items() if {None, command, command.partition(" ")[0]} & set(each)
    }


@pytest.fixture(params=["bash", "zsh"])
def shell_name(request):
    if not Shell.is_installed(request.param):
        pytest.skip(f"needs {request.param}")
    return request.param


@pytest.fixture
async def new_shell(shell_name, directory):
    """Starts the shell, with the given environment."""
    started = []

    async def start(**more):
        started.append(Shell(shell_name, directory, COMPLETIONS, tool.program(), **more))
        return await started[-1].start()

    yield start
    for shell in started:
        await shell.destroy()


@pytest.fixture
async def offers(new_shell):
    """offers(line): the words that stand where the last word of LINE was."""
    shell = await new_shell()
    for name in ("policy.table", "policy.other"):
        write_file(os.path.join(shell.files, name), "")
    os.makedirs(os.path.join(shell.files, "policies"))

    async def ask(line):
        return await matches(shell, line)

    return ask


async def matches(shell, line):
    before = line[: line.rindex(" ") + 1]
    completed = await shell.complete(line)
    assert completed.startswith(before), completed
    return set(completed.removeprefix(before).split())


def test_help_was_understood(directory):
    """So that the cases below compare with something."""
    takers, names = read_help(directory)
    assert {"show", "monitor", "policy explain", "audit"} <= set(names)
    assert (takers["json"], takers["count"]) == ([None], ["connect", "monitor"])


def test_the_manual_page_has_them_all(directory):
    takers, names = read_help(directory)
    with open(os.path.join(SOURCE_ROOT, "docs", "man", "wsbrokerctl.1.rst"), encoding="utf-8") as file:
        page = file.read()
    for name in names:
        assert f"| **wsbrokerctl** [*OPTION*...] **{name}**" in page
        assert re.search(rf"^\*\*{name}\*\*( \*[A-Z]+\*)*$", page, re.MULTILINE), name
    headings = [line for line in page.splitlines() if line.startswith("**--")]
    described = {name for line in headings for name in re.findall(r"\*\*--([a-z-]+)", line)}
    assert described == set(takers)


async def test_commands(offers, directory):
    _, names = read_help(directory)
    assert await offers("wsbrokerctl ") == {name.partition(" ")[0] for name in names}
    assert await offers("wsbrokerctl st") == {"status"}
    assert await offers("wsbrokerctl --json --bus=system mon") == {"monitor"}
    assert await offers("wsbrokerctl --bus system mon") == {"monitor"}


async def test_policy_subcommands(offers, directory):
    _, names = read_help(directory)
    seconds = {name.partition(" ")[2] for name in names if name.startswith("policy ")}
    assert len(seconds) >= 4
    assert await offers("wsbrokerctl policy ") == seconds
    assert await offers("wsbrokerctl policy ex") == {"explain"}
    assert await offers("wsbrokerctl policy --config-dir=policies te") == {"test"}


async def test_options_are_those_of_the_command(offers, directory):
    _, names = read_help(directory)
    for name in names:
        offered = {word.rstrip("=") for word in await offers(f"wsbrokerctl {name} --")}
        assert offered == options_of(directory, name), name
    offered = {word.rstrip("=") for word in await offers("wsbrokerctl --")}
    assert offered == {f"--{option}" for option in read_help(directory)[0]}


async def test_an_option_that_takes_a_value_waits_for_it(offers):
    assert await offers("wsbrokerctl monitor --int") == {"--interval="}
    assert await offers("wsbrokerctl monitor --js") == {"--json"}


async def test_values(offers):
    both = {"system", "session"}
    assert {word.removeprefix("--bus=") for word in await offers("wsbrokerctl --bus=")} == both
    assert {word.removeprefix("--bus=") for word in await offers("wsbrokerctl list --bus=se")} == {"session"}
    assert await offers("wsbrokerctl --bus ") == both
    folder = await offers("wsbrokerctl policy check --config-dir=pol")
    assert {word.removeprefix("--config-dir=").rstrip("/") for word in folder} == {"policies"}


async def test_files(offers):
    assert await offers("wsbrokerctl policy test policy.") == {"policy.table", "policy.other"}


@pytest.mark.parametrize("words", ["list ", "connect ", "connect --header ", "status x", "nonsense "])
async def test_nothing_but_options(new_shell, words):
    """Which zsh offers where there is nothing else, and bash does not."""
    line = f"wsbrokerctl {words}"
    added = (await (await new_shell()).complete(line)).removeprefix(line)
    assert all(word.startswith("--") for word in added.split()), added


@accounts.needs_root
async def test_websockets(new_shell, service, bus_application):
    paths = [(await bus_application.create()).path for _ in range(3)]
    shell = await new_shell(DBUS_SYSTEM_BUS_ADDRESS=service.bus.address)
    ids = {path.rpartition("/")[2] for path in paths}
    assert await matches(shell, "wsbrokerctl show ") == ids
    assert await matches(shell, "wsbrokerctl show --json ") == ids
    assert await matches(shell, "wsbrokerctl --bus=system show ") == ids
    assert not ids & await matches(shell, "wsbrokerctl show 1 ")


@accounts.needs_root
async def test_websockets_of_the_bus_that_is_named(new_shell, activating_bus):
    reply = await activating_bus.administrator.call(BUS_NAME, MANAGER_PATH, MANAGER, "CreateWebSocket")
    identifier = reply.body[0].rpartition("/")[2]
    shell = await new_shell(DBUS_SESSION_BUS_ADDRESS=activating_bus.address)
    for line in ("wsbrokerctl --bus=session show ", "wsbrokerctl show --bus session "):
        assert identifier in await matches(shell, line), line
    assert identifier not in await matches(shell, "wsbrokerctl show ")


async def test_websockets_of_no_service(new_shell, activating_bus):
    """None; and looking for them starts none."""
    shell = await new_shell(DBUS_SESSION_BUS_ADDRESS=activating_bus.address)
    assert await matches(shell, "wsbrokerctl --bus=session show ") == set()
    assert await activating_bus.service_pid() is None
