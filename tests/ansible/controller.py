# SPDX-License-Identifier: Apache-2.0
"""The controller: the programs of Ansible, and a folder in which they find the collection."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def ansibles():
    """Folders of programs: Debian's, and a current one's where there is one."""
    current = os.environ.get("WATTSPOOL_CURRENT_ANSIBLE")
    return ["/usr/bin", *([current] if current else [])]


def environment(folder):
    """For those programs; the collection is put below the folder."""
    collections = folder / "collections"
    namespace = collections / "ansible_collections/wattspool"
    namespace.mkdir(parents=True, exist_ok=True)
    if not (namespace / "bench").is_symlink():
        (namespace / "bench").symlink_to(ROOT / "ansible")
    return {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATHS": str(collections), "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(folder / "home")}
