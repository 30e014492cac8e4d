# SPDX-License-Identifier: Apache-2.0
"""A folder for one run: removed when all went well, named when not."""

import contextlib
import pathlib
import shutil
import sys
import tempfile

from harness.programs import build_folder

SOCKET_PATH_MAX = 107  # sockaddr_un


class Scratch:
    """Use as a context. Whatever has an end() can be given to keep(): ended last first."""

    def __init__(self, name):
        parent = build_folder() / "scratch"
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
        self.short_folder = None
        self.stack = contextlib.ExitStack()
        self.failed = False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.stack.close()
        if self.short_folder:
            shutil.rmtree(self.short_folder, ignore_errors=True)
        if kind is None and not self.failed:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"everything of this run is kept in {self.folder}", file=sys.stderr, flush=True)
        return False

    def keep(self, thing):
        self.stack.callback(thing.end)
        return thing

    def keep_files(self):
        """The run has failed, and nobody will raise what says so."""
        self.failed = True

    def path(self, name):
        return self.folder / name

    def socket(self, name):
        """A path that a Unix socket can have, however deep the checkout lies."""
        path = self.folder / name
        if len(str(path)) <= SOCKET_PATH_MAX:
            return path
        if not self.short_folder:
            self.short_folder = pathlib.Path(tempfile.mkdtemp(prefix="wattspool-"))
        return self.short_folder / name
