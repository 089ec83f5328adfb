# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of policy as an administrator may leave them: sections of every kind, of accounts that the system has or does
not have, with values that are right, wrong, empty and at odds with each other."""

import random

from . import accounts

# Never one that matches root: who watches the service from outside keeps its permission.
_SECTIONS = (
    f"user {accounts.ALICE}",
    f"user {accounts.BOB}",
    f"group {accounts.ALICE}",
    f"group {accounts.BOB}",
    "user no-such-user-yet",
    "group no-such-group-yet",
    "group 4242",
    "user *",
    "unidentified",
    "unit chat.service",
    "user-unit chat.service",
    "flatpak org.example.Chat",
    "snap chat",
    "label chat",
)

# More often right than wrong, as one fault keeps the whole policy from coming into force.
_VALUES = {
    "Permissions": ("INTERNET",) * 8 + ("", ""),
    "AllowDomains": ("*:*", "127.0.0.1:*", "*.example.com;127.0.0.0/8:*", "", "chat.example"),
    "DenyDomains": ("", "denied.example", "10.0.0.0/8", "127.0.0.1:*"),
    "AllowLocalAddresses": ("yes", "yes", "no"),
    "AllowProxies": ("", "*:*"),
    "AllowDirect": ("yes", "yes", "yes", "no"),
    "MaxConnections": ("1", "4", "64"),
    "MaxConnectRate": ("10000/s", "100/min"),
    "MaxPendingHandshakes": ("1", "8"),
    "MaxMessageSize": ("1K", "1M"),
    "MaxBufferedBytes": ("1K", "256K"),
    "Mode": ("enforce", "report"),
}
_PROVEN = {"Administrator": ("yes", "no"), "SkipCertificateCheck": ("yes", "no")}
_WRONG = ("Permissions=NOTHING", "AllowDomains=a*b", "MaxConnections=-1", "Nothing=1", "no line", "Mode=")


class RandomPolicy:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def _section(self, heading):
        values = dict(_VALUES)
        if heading.startswith(("user ", "group ", "unit ", "label ", "snap ")):
            values |= _PROVEN
        keys = self.random.sample(sorted(values), self.random.randrange(len(values)))
        return [f"[{heading}]", *(f"{key}={self.random.choice(values[key])}" for key in keys)]

    def text(self):
        headings = self.random.sample(_SECTIONS, self.random.randrange(1, len(_SECTIONS)))
        lines = [line for heading in headings for line in self._section(heading)]
        if self.random.randrange(4) == 0:
            lines.insert(self.random.randrange(len(lines) + 1), self.random.choice(_WRONG))
        return "\n".join(lines) + "\n"
