# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pseudo-terminal for a program's standard output or error, and what the program has written there."""

import asyncio
import os
import tty


class Terminal:
    """PROGRAM_END is the descriptor to give to a process; close it here once the process has it."""

    def __init__(self):
        self._end, self.program_end = os.openpty()
        tty.setraw(self.program_end)

    def close_program_end(self):
        os.close(self.program_end)

    async def read_to_end(self):
        """All bytes until every process has closed it."""
        return await asyncio.get_running_loop().run_in_executor(None, self._read)

    def _read(self):
        output = b""
        try:
            while chunk := os.read(self._end, 65536):
                output += chunk
        except OSError:  # EIO: nobody has the other end any more
            pass
        finally:
            os.close(self._end)
        return output
