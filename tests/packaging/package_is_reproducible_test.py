#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Built again in another folder, by a compiler that runs again, the packages have the same bytes.

What ./dev deb has compiled may come from its compiler cache; this build begins with an empty one.
Without any, debug information calls a source ./FILE, where ccache's relative paths say ../FILE.
"""

import hashlib
import os
import subprocess
import unittest

from harness.host import package_file
from harness.programs import ROOT
from harness.scratch import Scratch


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.glob("*.deb")}


class PackageIsReproducible(unittest.TestCase):
    def test_in_another_folder(self):
        scratch = self.enterContext(Scratch("deb"))
        environment = {**os.environ, "PATH": f"/usr/lib/ccache:{os.environ['PATH']}",
                       "CCACHE_DIR": str(scratch.path("ccache")), "CCACHE_BASEDIR": str(ROOT),
                       "CCACHE_NOHASHDIR": "1",
                       "DEB_BUILD_OPTIONS": f"nocheck parallel={os.cpu_count()}"}
        built = subprocess.run(
            [ROOT / "packaging" / "build-deb", scratch.path("packages"),
             scratch.path("a-folder-with-a-longer-name")],
            env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(built.returncode, 0, built.stderr[-3000:])
        first = digests(package_file().parent)
        self.assertEqual(len(first), 2)
        self.assertEqual(digests(scratch.path("packages")), first)


if __name__ == "__main__":
    unittest.main()
