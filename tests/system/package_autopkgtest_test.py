# SPDX-License-Identifier: Apache-2.0
"""debian/tests as Debian's autopkgtest runs them, on a booted host that is thrown away."""

import shutil
import unittest

from harness.host import Host, enter_own_network
from harness.programs import ROOT
from harness.scratch import Scratch


class PackageAutopkgtest(unittest.TestCase):
    def test_each_passes(self):
        scratch = self.enterContext(Scratch("autopkgtest"))
        host = Host(scratch).start()
        shutil.copytree(ROOT / "packaging" / "debian", host.path("/srv/source/debian"))
        host.path("/srv/source/debian/files").touch()  # it is built: a compiler is not needed
        host.run("apt-get", "install", "-y", "-q", "--no-install-recommends", "autopkgtest")
        # The host is a container of its own, which the runner "null" cannot know.
        answer = host.run(
            "autopkgtest", "--no-built-binaries", "--ignore-restrictions=isolation-container",
            f"/packages/{host.package.name}", "/srv/source/", "--", "null", check=False)
        said = answer.stdout + answer.stderr
        self.assertEqual(answer.returncode, 0, said[-5000:])
        summary = said[said.index("summary"):]
        print(summary)
        for name in ("foreground", "service"):
            self.assertRegex(summary, rf"(?m)^{name} +PASS$")


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
