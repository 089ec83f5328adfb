# SPDX-License-Identifier: LGPL-2.1-or-later
"""One row of the result: what was measured in each pair, and what each peer did."""

import dataclasses
import statistics

from peers import LIBSOUP, RAW, RELAY, WSBROKER
from plan import BOUNDS


@dataclasses.dataclass
class Figure:
    """VALUES: the figure itself, one for each pair. COLUMNS: for each peer what was measured, in UNIT.
    SERVER: the part of one processor that the server took, for each peer."""

    key: str
    unit: str
    values: list = dataclasses.field(default_factory=list)
    columns: dict = dataclasses.field(default_factory=dict)
    server: dict = dataclasses.field(default_factory=dict)
    failure: str = None

    @property
    def bound(self):
        return BOUNDS[self.key]

    @property
    def value(self):
        return statistics.median(self.values) if self.values else None

    @property
    def reached(self):
        return self.value is not None and self.bound.holds(self.value)

    def add(self, peer, value, server_share=None):
        self.columns.setdefault(peer, []).append(value)
        if server_share is not None:
            self.server.setdefault(peer, []).append(server_share)

    def add_pair(self):
        """Of the last measurements of wsbroker and of libsoup."""
        self.values.append(self.columns[WSBROKER][-1] / self.columns[LIBSOUP][-1])

    def median(self, peer):
        return statistics.median(self.columns[peer]) if self.columns.get(peer) else None

    def against(self, peer):
        """wsbroker's to the peer's."""
        if self.median(peer) and self.median(WSBROKER) is not None:
            return self.median(WSBROKER) / self.median(peer)
        return None

    @property
    def relayed(self):
        """What a client does that has nothing to do, through a process that only passes bytes on, or None."""
        return self.median(RELAY) if self.bound.at_most else None

    @property
    def floor(self):
        """What the figure would be if application, library and broker took no time of their own, or None."""
        direct = self.median(LIBSOUP)
        return self.relayed / direct if direct and self.relayed else None

    def as_json(self):
        peers = [peer for peer in self.columns if peer not in (WSBROKER, RAW, RELAY)]
        return {
            "bound": str(self.bound),
            "reached": self.reached,
            "failure": self.failure,
            "values": self.values,
            "spread": [min(self.values), max(self.values)] if self.values else None,
            "floor": self.floor,
            "unit": self.unit,
            "medians": {peer: self.median(peer) for peer in self.columns},
            "wsbroker_to": {peer: self.against(peer) for peer in peers},
            "server_processor_share": {peer: statistics.median(each) for peer, each in self.server.items()},
        }
