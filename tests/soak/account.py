# SPDX-License-Identifier: LGPL-2.1-or-later
"""What became of every message: what the two ends of each connection say of it, put side by side."""

import collections


class Account:
    """Fed with the lines that soak-application and servers.py print."""

    def __init__(self):
        self.applications = {}  # ID → outcome, sent, received: until the server's word is there too
        self.servers = {}  # ID → outcome, received, sent
        self.begun = set()  # at the servers, and not over
        self.outcomes = collections.Counter()
        self.messages = 0  # that arrived, either way
        self.lost = 0
        self.reordered = 0  # or doubled
        self.damaged = 0
        self.violations = []

    def _violate(self, line):
        self.violations.append(line)
        self.lost += line.endswith("a message was lost")
        self.reordered += line.endswith("a message came twice or late")
        self.damaged += line.endswith("a message is damaged")

    def add_application_line(self, line):
        word, *rest = line.split(" ", 5)
        if word == "violation":
            self._violate(line)
            return
        identity, outcome, sent, received, stage = rest
        self.outcomes[outcome if stage == "-" else f"{outcome}, {stage}"] += 1
        if outcome != "failed":
            self.applications[int(identity)] = (outcome, int(sent), int(received))
            self._compare(int(identity))

    def add_server_line(self, line):
        word, identity, *rest = line.split(" ", 4)
        identity = int(identity)
        if word == "violation":
            self._violate(line)
        elif word == "begin":
            self.begun.add(identity)
        else:
            outcome, received, sent = rest
            self.begun.discard(identity)
            self.messages += int(received)
            self.servers[identity] = (outcome, int(received), int(sent))
            self._compare(identity)

    def _compare(self, identity):
        if identity not in self.applications or identity not in self.servers:
            return
        ended, sent, got = self.applications.pop(identity)
        ended_there, received, answered = self.servers.pop(identity)
        self.messages += got
        if ended == "clean":
            lost = abs(sent - received) + abs(answered - got)
            self.lost += lost
            if lost or ended_there != "clean":
                self.violations.append(
                    f"violation {identity}: sent {sent}, arrived {received}; "
                    f"answered {answered}, arrived {got}; the server's end is {ended_there}"
                )
        elif received > sent or got > answered:
            self.violations.append(
                f"violation {identity}: more arrived than was sent: {received} of {sent}, {got} of {answered}"
            )

    def finish(self):
        """When all is over: what ended in order on one side has been seen by the other. A killed application does
        not say what it had sent."""
        for identity, (outcome, sent, _) in self.applications.items():
            if outcome == "clean":
                self.lost += sent
                self.violations.append(f"violation {identity}: ended in order, and no server has seen it")
        self.applications.clear()
        self.servers.clear()
