#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hundreds of applications and servers that misbehave, on a bus and a service of their own, for some minutes. Every
message is accounted for at both ends, and at the end memory, descriptors and WebSockets must be what they were after a
shorter run of the same before it. The exit status is 0 only then. What happens follows from the seed, but for the order
in which the machine lets it."""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

# pylint: disable=wrong-import-position
from account import Account
from population import PER_PROCESS, Population
from server_process import ServerProcess
from harness.bus import PrivateBus
from harness.certificates import Authority
from harness.service import Service
from harness.waiting import eventually

GROWTH_MAX_KIB = 8192
APPLICATIONS_MAX = 600  # of three users, each of whom may have 256 connections to a bus
SETTLE_TIMEOUT = 60
WARM_UP_SHARE, WARM_UP_MAX = 0.5, 60  # of the time that is asked for; seconds

CONFIG = """\
[Broker]
ConnectTimeout=5s
CloseTimeout=2s
FenceTimeout=60s
MaxConnectRate=100000/s
MaxConnections=2000
MaxConnectionsPerUser=2000
MaxWebSocketsPerUser=4000
MaxPendingHandshakes=128
MaxPendingHandshakesTotal=256
PermessageDeflate=yes
"""


def policy(ports):
    allowed = ";".join(f"127.0.0.1:{port}" for port in ports)
    return f"[user *]\nPermissions=INTERNET\nAllowDomains={allowed}\n"


class ThisMachine:
    """In place of a namespace: the service sees the machine's names and trust, of which it makes no use here: the
    applications bring the authority that they trust."""

    def command(self):
        return []


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Soak:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.directory = directory
        self.generator = random.Random(arguments.seed)
        self.account = Account()
        self.bus = self.service = self.servers = self.population = None
        self.revocations = 0
        self.peak_kib = 0
        self.peak_websockets = 0

    async def start(self):
        authority = Authority(self.directory)
        self.bus = await PrivateBus(self.directory).start()
        self.servers = await ServerProcess(
            self.directory,
            self.generator.randrange(2**32),
            authority.issue("servers", "127.0.0.1"),
            self.account,
        ).start()
        self.service = Service(self.directory, self.bus, ThisMachine())
        self.service.write_policy(policy(self.servers.ports))
        self.service.write_config(CONFIG)
        await self.service.start()
        self.population = Population(
            os.path.join(self.arguments.build, "tests", "soak", "soak-application"),
            self.directory,
            self.bus.address,
            [authority.path, *self.servers.ports],
            self.account,
            self.generator,
        )

    def processes(self):
        pids = {"service": self.service.process.pid, "bus": self.bus.pid}
        if self.service.identity_helper is not None:
            pids["identity helper"] = self.service.identity_helper.process.pid
        return pids

    async def revoke(self):
        """The second server is forbidden, then allowed again."""
        for allowed in (self.servers.ports[:2], self.servers.ports):
            self.service.write_policy(policy(allowed))
            await self.service.reload()
            await asyncio.sleep(self.generator.uniform(0.1, 0.5))
        self.revocations += 1

    async def disturb(self):
        what = [self.population.stop_for_a_while, self.population.kill, self.population.leave, self.revoke]
        (chosen,) = self.generator.choices(what, weights=[4, 3, 2, 2])
        await chosen()

    async def watch(self):
        self.peak_kib = max(self.peak_kib, self.service.resident_kib())
        self.peak_websockets = max(self.peak_websockets, await self.service.property("WebSockets"))

    async def run(self, seconds):
        """The whole of it for so long, until nothing goes on any more."""
        for _ in range(self.arguments.applications // PER_PROCESS):
            await self.population.add()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.disturb()
            await self.watch()
            await asyncio.sleep(self.generator.uniform(0, 0.5))
        await self.population.finish()
        await eventually(
            lambda: not self.account.begun, "end of all connections at the servers", SETTLE_TIMEOUT
        )
        await self.service.no_websocket_left()
        self.account.finish()

    def measure(self):
        return {name: (resident_kib(pid), descriptors(pid)) for name, pid in self.processes().items()}

    async def settled(self, before):
        """What is left, once descriptors are no more than BEFORE."""

        def returned():
            return all(descriptors(pid) <= before[name][1] for name, pid in self.processes().items())

        try:
            await eventually(returned, "descriptors that are given back")
        except AssertionError as error:
            self.account.violations.append(f"violation: {error}")
        return self.measure()

    def check_growth(self, before, after):
        if "ASAN_OPTIONS" in os.environ:  # it keeps what is freed, and looks for leaks itself
            return
        for name, (kib, _) in after.items():
            if kib - before[name][0] > GROWTH_MAX_KIB:
                self.account.violations.append(
                    f"violation: the {name} has grown by {kib - before[name][0]} KiB"
                )

    async def finish(self):
        await self.service.finish()
        self.service.check_reports()

    async def destroy(self):
        if self.population is not None:
            await self.population.destroy()
        if self.service is not None:
            await self.service.destroy()
        if self.servers is not None:
            await self.servers.destroy()
        await self.bus.stop()


def print_figures(soak, before, after):
    account, population = soak.account, soak.population
    rows = [
        ("applications started", population.started),
        ("  of them killed", population.killed),
        ("  stopped for a while", population.stopped),
        ("revocations by policy", soak.revocations),
        ("connections", sum(account.outcomes.values())),
        *((f"  {outcome}", count) for outcome, count in sorted(account.outcomes.items())),
        ("messages that arrived", account.messages),
        ("messages lost", account.lost),
        ("messages doubled or out of order", account.reordered),
        ("messages damaged", account.damaged),
        ("violations", len(account.violations)),
        ("most WebSockets at a time", soak.peak_websockets),
        ("most memory of the service, KiB", soak.peak_kib),
    ]
    for name, value in rows:
        print(f"{name:36} {value:>12,}")
    for name in after:
        (kib, fds), (kib_after, fds_after) = before[name], after[name]
        print(f"{name + ': KiB before, after, growth':36} {kib:>12,} {kib_after:>12,} {kib_after - kib:>+8,}")
        print(f"{name + ': descriptors before, after':36} {fds:>12,} {fds_after:>12,}")
    for text in account.violations[:50]:
        print(text)


async def soak_for(arguments, directory):
    soak = Soak(arguments, directory)
    seconds = arguments.minutes * 60
    warm_up = min(seconds * WARM_UP_SHARE, WARM_UP_MAX)
    try:
        await soak.start()
        print(f"seed {arguments.seed}; {warm_up:.0f} s to warm up, then {seconds:.0f} s", flush=True)
        await soak.run(warm_up)
        before = soak.measure()
        await soak.run(seconds)
        after = await soak.settled(before)
        soak.check_growth(before, after)
        print_figures(soak, before, after)
        await soak.finish()
        return not soak.account.violations
    finally:
        await soak.destroy()


def main():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="after half of it to warm up; 1 if left out")
    parser.add_argument(
        "--applications", type=int, default=200, help="at a time, in processes of ten; 200 if left out"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of a run that is to be had again")
    parser.add_argument("--build", required=True, metavar="FOLDER", help="where the programs are")
    arguments = parser.parse_args()
    if not PER_PROCESS <= arguments.applications <= APPLICATIONS_MAX:
        parser.error(f"{PER_PROCESS} to {APPLICATIONS_MAX} applications")
    arguments.build = os.path.abspath(arguments.build)
    os.environ["WSBROKERD"] = os.path.join(arguments.build, "daemon", "wsbrokerd")
    directory = tempfile.mkdtemp(prefix="wsbroker-soak-")
    os.chmod(directory, 0o755)
    try:
        return 0 if asyncio.run(soak_for(arguments, directory)) else 1
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
