# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Mersenne Twister MT19937 says next, from as many of its outputs as it has words of state."""

OUTPUTS_NEEDED = 624
_MIDDLE = 397
_MATRIX = 0x9908B0DF
_WORD = 0xFFFFFFFF


def _undo_right(value, shift):
    result = value
    for _ in range(32 // shift):
        result = value ^ result >> shift
    return result


def _undo_left(value, shift, mask):
    result = value
    for _ in range(32 // shift):
        result = value ^ result << shift & mask
    return result & _WORD


def _untemper(output):
    output = _undo_right(output, 18)
    output = _undo_left(output, 15, 0xEFC60000)
    output = _undo_left(output, 7, 0x9D2C5680)
    return _undo_right(output, 11)


def _temper(word):
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C5680
    word ^= word << 15 & 0xEFC60000
    return word ^ word >> 18


def next_output(outputs):
    """OUTPUTS: the last 624, in order."""
    assert len(outputs) == OUTPUTS_NEEDED
    first, second, middle = (_untemper(outputs[at]) for at in (0, 1, _MIDDLE))
    mixed = (first & 0x80000000) | (second & 0x7FFFFFFF)
    return _temper(middle ^ mixed >> 1 ^ (_MATRIX if mixed & 1 else 0))
