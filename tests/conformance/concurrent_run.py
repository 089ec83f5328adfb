# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays cases, many at a time, over one service and one application, and those with compression over another: so each
case also shows that what servers do to other connections does it no harm."""

import asyncio
import os
import shutil
import tempfile

from harness.bus import PrivateBus
from harness.bus_application import BusApplication
from harness.certificates import Authority
from harness.service import DEFAULT_CONFIG, DEFAULT_POLICY, Service
from link import Tls, play

AT_A_TIME = 16
SERVICES = ["service", "service with compression"]

# No pings but where a case asks for them, and a limit of messages that a case can reach.
_CONFIG = DEFAULT_CONFIG + "MaxMessageSize=1M\nPingInterval=0\n"


class _ThisMachine:
    """In place of a namespace: the service sees the machine's names and trust, of which no case makes use."""

    def command(self):
        return []


async def _outcome_of(awaitable):
    """None, or what was raised."""
    try:
        await awaitable
    except (Exception, asyncio.CancelledError) as error:  # pylint: disable=broad-exception-caught
        return error
    return None


async def _play_cases(cases, service):
    secure = any(case.secure for case in cases)
    tls = Tls(Authority(service.directory)) if secure else None
    application = await BusApplication.start(service.bus.new_connection())
    turns = asyncio.Semaphore(AT_A_TIME)

    async def take_turn(case):
        async with turns:
            outcomes[str(case)] = await _outcome_of(play(case, application, tls))

    outcomes = {}
    await asyncio.gather(*(take_turn(case) for case in cases if not case.alone))
    for case in cases:
        if case.alone:
            await take_turn(case)
    await application.leave()
    return outcomes


async def _finish(service):
    await service.finish()
    service.check_reports()


async def _play_on_a_service(cases, config, name):
    directory = tempfile.mkdtemp(prefix="wsbroker-test-")
    os.chmod(directory, 0o755)
    bus = await PrivateBus(directory).start()
    service = Service(directory, bus, _ThisMachine())
    service.write_policy(DEFAULT_POLICY)
    service.write_config(config)
    try:
        await service.start()
        outcomes = await _play_cases(cases, service)
        outcomes[name] = await _outcome_of(_finish(service))
    finally:
        await service.destroy()
        await bus.stop()
        shutil.rmtree(directory)
    return outcomes


async def play_all(cases):
    """What became of each case, by its name, and of the services (SERVICES): None, or what was raised."""
    plain = [case for case in cases if not case.compression]
    compressed = [case for case in cases if case.compression]
    with_compression = _CONFIG + "PermessageDeflate=yes\n"
    return {
        **await _play_on_a_service(plain, _CONFIG, SERVICES[0]),
        **await _play_on_a_service(compressed, with_compression, SERVICES[1]),
    }
