# SPDX-License-Identifier: Apache-2.0
"""One bash that lives through a document: variables, folders and background jobs go on."""

import contextlib
import os
import pathlib
import select
import signal
import subprocess
import time

# Each failing command is told on file descriptor 9, then the end of the block.
PRELUDE = """\
set -m -E
exec 9>&{reports} {reports}>&-
trap 'printf "%s: %s\\n" "exit code $?" "${{BASH_COMMAND%%$'"'"'\\n'"'"'*}}" >&9' ERR
"""


class ShellError(Exception):
    """The shell ended, or a block took too long."""


class Shell:
    """Use as a context: at its end all background jobs are ended."""

    def __init__(self, folder, environment, timeout_s):
        self.outputs = pathlib.Path(folder) / ".outputs"
        self.outputs.mkdir()
        self.deadline = time.monotonic() + timeout_s
        self.count = 0
        self.reports, write_end = os.pipe()
        # A session of its own, so that all that it started is found at the end.
        self.bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=folder, env=environment, pass_fds=[write_end],
            text=True, start_new_session=True)
        os.close(write_end)
        self.bash.stdin.write(PRELUDE.format(reports=write_end))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        answer = subprocess.run(["ps", "-s", str(self.bash.pid), "-o", "pid="],
                                capture_output=True, text=True, check=False)
        for pid in answer.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.bash.wait()
        with contextlib.suppress(BrokenPipeError):
            self.bash.stdin.close()
        os.close(self.reports)

    def run(self, script):
        """(failed commands, printed lines), when the block ends; its background jobs go on."""
        self.count += 1
        output = self.outputs / str(self.count)
        self.bash.stdin.write(f"{{\n{script}\n}} </dev/null >'{output}' 2>&1\n"
                              f"printf 'end of {self.count}\\n' >&9\n")
        self.bash.stdin.flush()
        lines = self._read_until(f"end of {self.count}", output)
        return lines, output.read_text(encoding="utf-8", errors="replace").splitlines()

    def _read_until(self, end, output):
        text = ""
        while f"{end}\n" not in text:
            ready, _, _ = select.select([self.reports], [], [], 0.2)
            if ready:
                text += os.read(self.reports, 65536).decode(errors="replace")
            elif self.bash.poll() is not None or time.monotonic() > self.deadline:
                what = "takes too long" if self.bash.poll() is None else "ended the shell"
                printed = output.read_text(errors="replace") if output.exists() else ""
                raise ShellError(f"{what}: {text}\n{printed[-3000:]}")
        return list(dict.fromkeys(line for line in text.splitlines() if line != end))
