# SPDX-License-Identifier: Apache-2.0
"""Where the built programs are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]


def build_folder():
    """What ctest names, else the one of the preset dev."""
    return pathlib.Path(os.environ.get("WATTSPOOL_BUILD", ROOT / "build" / "dev"))


def program(name):
    """The path of a built program; an error that says how to build it when there is none."""
    for folder in (".", "tests/kafka", "tests/system"):
        path = build_folder() / folder / name
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"{name} is not built in {build_folder()}. Run: ./dev build")
