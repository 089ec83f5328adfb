# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values of any D-Bus type, as the binding takes them: some that a caller would send, some at the bounds of
their types, some large, some nested."""

import random
import string

from dbus_next import Variant
from dbus_next.signature import SignatureTree

# Type, lowest and highest value.
_NUMBERS = {
    "y": (0, 2**8 - 1),
    "n": (-(2**15), 2**15 - 1),
    "q": (0, 2**16 - 1),
    "i": (-(2**31), 2**31 - 1),
    "u": (0, 2**32 - 1),
    "x": (-(2**63), 2**63 - 1),
    "t": (0, 2**64 - 1),
}
_BASIC = "ybnqiuxtdsog"
_DEPTH_MAX = 6
_SIZE_MAX = 200_000  # bytes of a text or of an array of bytes

OPTION_TYPES = {
    "header": ("a{ss}", "a{sas}"),
    "protocol": ("s",),
    "ca": ("s", "ay"),
    "clientCert": ("a{sv}",),
    "cert": ("s", "ay"),
    "key": ("s", "ay"),
    "keyPassword": ("s",),
    "proxy": ("s", "a{sv}"),
    "host": ("s",),
    "port": ("u",),
    "exclusionList": ("as",),
    "username": ("s",),
    "password": ("s",),
    "pingInterval": ("u",),
    "pongTimeout": ("u",),
    "minTlsVersion": ("s",),
}


class RandomValues:
    """TEXTS are such as a caller would send; PATHS are object paths."""

    def __init__(self, seed, texts, paths):
        self.random = random.Random(seed)
        self.texts = list(texts)
        self.paths = list(paths)

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def signature(self, depth=0):
        """Of one complete type."""
        kind = self.random.randrange(12 if depth < _DEPTH_MAX else 8)
        if kind < 8:
            return self.random.choice(_BASIC)
        if kind == 8:
            return "v"
        if kind == 9:
            return "a" + self.signature(depth + 1)
        if kind == 10:
            return f"a{{{self.random.choice('sutqo')}{self.signature(depth + 1)}}}"
        return "(" + "".join(self.signature(depth + 1) for _ in range(self.random.randint(1, 3))) + ")"

    def size(self):
        """Mostly small."""
        return self.random.randrange(_SIZE_MAX) if self.chance(50) else self.random.randrange(20)

    def text(self):
        if self.random.random() < 0.6:
            return self.random.choice(self.texts)
        alphabet = self.random.choice((string.printable, "ä€𐍈\ufffd\uffff\x01 %/:@[]", "x"))
        return "".join(self.random.choices(alphabet, k=self.size()))

    def number(self, code):
        low, high = _NUMBERS[code]
        usual = (0, 1, 1000, 1001, 3000, 4999, low, high)
        value = self.random.choice(usual) if self.chance(2) else self.random.randint(low, high)
        return min(max(value, low), high)

    def _basic(self, code):
        if code in _NUMBERS:
            return self.number(code)
        if code == "b":
            return self.chance(2)
        if code == "d":
            return self.random.choice((0.0, -1.5, float("inf"), float("nan"), 1e308))
        if code == "o":
            return self.random.choice(self.paths)
        if code == "g":
            return "".join(self.signature(depth=4) for _ in range(self.random.randrange(4)))
        return self.text()

    def _entry(self, kind, depth):
        """A key and a value of a dictionary; of options, mostly one that there is."""
        if kind.signature == "{sv}" and self.random.random() < 0.7:
            key = self.random.choice(list(OPTION_TYPES))
            signature = (
                self.random.choice(OPTION_TYPES[key]) if not self.chance(5) else self.signature(depth + 1)
            )
            return key, self.variant(signature, depth)
        return self.value(kind.children[0], depth + 1), self.value(kind.children[1], depth + 1)

    def _array(self, element, depth):
        if element.token == "y":
            return self.random.randbytes(self.size())
        length = self.random.randrange(4 if depth < _DEPTH_MAX else 1)
        if element.token == "{":
            return dict(self._entry(element, depth) for _ in range(length))
        return [self.value(element, depth + 1) for _ in range(length)]

    def variant(self, signature, depth=0):
        return Variant(signature, self.value(SignatureTree._get(signature).types[0], depth + 1))

    def value(self, kind, depth=0):
        """KIND is one of the binding's SignatureType."""
        if kind.token == "a":
            return self._array(kind.children[0], depth)
        if kind.token == "(":
            return [self.value(child, depth + 1) for child in kind.children]
        if kind.token == "v":
            return self.variant(self.signature(depth) if depth < _DEPTH_MAX else "y", depth)
        return self._basic(kind.token)

    def body(self, signature):
        return [self.value(kind) for kind in SignatureTree._get(signature).types]
