#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a real broker for forward_bench. Arguments are passed on."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "system"))

from harness.broker import RealBroker  # noqa: E402
from harness.programs import build_folder  # noqa: E402
from harness.scratch import Scratch  # noqa: E402


def main():
    with Scratch("bench-forward") as scratch:
        broker = RealBroker(scratch)
        program = build_folder() / "bench" / "forward_bench"
        return subprocess.run([program, broker.bootstrap, *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
