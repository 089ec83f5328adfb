# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for a condition, never for a time. The limits are far beyond what is needed, so that a slow machine
or a sanitizer changes nothing; reaching one means that the condition would not have come."""

import asyncio
import inspect

TIMEOUT = 30.0


async def within(awaitable, what, timeout=TIMEOUT):
    """The result of AWAITABLE, or an assertion that names WHAT did not happen."""
    try:
        return await asyncio.wait_for(awaitable, timeout)
    except asyncio.TimeoutError:
        raise AssertionError(f"not within {timeout:g} s: {what}") from None


async def eventually(condition, what, timeout=TIMEOUT):
    """Returns the first true value of CONDITION, a function or coroutine function that is asked again and
    again."""

    async def ask():
        while True:
            value = condition()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)

    return await within(ask(), what, timeout)
