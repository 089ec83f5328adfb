# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interactive bash or zsh on a pseudo-terminal, to which keys are typed: the shell's own line editor completes, with
all that it does to words on the way. Every match is inserted into the line, and the line is written to a file."""

import asyncio
import fcntl
import os
import shutil
import termios

from .process import Process
from .service import environment, write_file
from .waiting import eventually

# Neither begins a longer sequence in either shell.
_INSERT_ALL, _TELL_LINE = "\x14", "\x0e"
_PROMPT = "type: "

_BASH = """\
PS1='{prompt}' PATH={folder}/bin:$PATH
unset HISTFILE
cd {folder}/files
source {completions}/wsbrokerctl
tell_line() {{
    printf '%s' "$READLINE_LINE" >{folder}/line.new
    mv {folder}/line.new {folder}/line
    READLINE_LINE= READLINE_POINT=0
}}
bind '"\\C-t": insert-completions'
bind -x '"\\C-n": tell_line'
"""

_ZSH = """\
PS1='{prompt}' PATH={folder}/bin:$PATH
cd {folder}/files
fpath=({completions} $fpath)
autoload -Uz compinit && compinit -u -D
insert_all() {{ _main_complete; compstate[insert]=all compstate[list]= }}
zle -C insert_all complete-word insert_all
tell_line() {{
    print -rn -- $BUFFER >{folder}/line.new
    mv {folder}/line.new {folder}/line
    BUFFER=
}}
zle -N tell_line
bindkey '^T' insert_all
bindkey '^N' tell_line
"""

# The command line, and the file of commands with which it begins.
_SHELLS = {
    "bash": (["bash", "--noprofile", "--rcfile", "{folder}/bashrc", "-i"], "bashrc", _BASH),
    "zsh": (["zsh", "-d", "-i"], ".zshrc", _ZSH),
}


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Shell:
    """NAME is bash or zsh, COMPLETIONS the folder with its completion, PROGRAM what wsbrokerctl is. It runs in the
    folder `files` of FOLDER, with MORE in its environment."""

    def __init__(self, name, folder, completions, program, **more):
        command, start_file, commands = _SHELLS[name]
        self.folder = os.path.join(folder, name)
        os.makedirs(os.path.join(self.folder, "bin"))
        os.makedirs(self.files)
        os.symlink(os.path.abspath(program), os.path.join(self.folder, "bin", "wsbrokerctl"))
        write_file(
            self._path(start_file),
            commands.format(prompt=_PROMPT, folder=self.folder, completions=completions),
        )
        self.keyboard, self.terminal = os.openpty()
        self.shown = b""
        self.process = Process(
            name,
            folder,
            [word.format(folder=self.folder) for word in command],
            env=environment(TERM="xterm", HOME=self.folder, ZDOTDIR=self.folder, **more),
            stdin=self.terminal,
            stdout=self.terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    @staticmethod
    def is_installed(name):
        return shutil.which(name) is not None

    @property
    def files(self):
        return os.path.join(self.folder, "files")

    def _path(self, name):
        return os.path.join(self.folder, name)

    async def start(self):
        await self.process.start()
        os.close(self.terminal)
        asyncio.get_running_loop().add_reader(self.keyboard, self._read)
        await eventually(self._has_prompted, f"prompt of {self.process.name}")
        return self

    def _has_prompted(self):
        """On the terminal, or on standard error, which is a file here. From then on it edits lines."""
        return _PROMPT.encode() in self.shown or _PROMPT in self.process.stderr()

    def _read(self):
        """Always, lest it wait for somebody to see what it shows."""
        try:
            self.shown += os.read(self.keyboard, 65536)
        except OSError:  # EIO: it has ended
            asyncio.get_running_loop().remove_reader(self.keyboard)

    async def complete(self, line):
        """The line with every match in it, after it was typed to where it ends."""
        os.write(self.keyboard, (line + _INSERT_ALL + _TELL_LINE).encode())
        await eventually(lambda: os.path.exists(self._path("line")), f"completion of {line!r}")
        with open(self._path("line"), encoding="utf-8") as file:
            completed = file.read()
        os.unlink(self._path("line"))
        return completed

    async def destroy(self):
        asyncio.get_running_loop().remove_reader(self.keyboard)
        await self.process.destroy()
        os.close(self.keyboard)
