# SPDX-License-Identifier: Apache-2.0
"""What is wrong in an inventory, on a host or with a repository, before anything is changed."""

import subprocess

from fleet.steps import Steps


class InventorySteps(Steps):
    def what_is_wrong_is_found_before_a_change(self):
        second = self.benches[1].name
        self.refused("no such variable: wattspool_brokers", {"wattspool_brokers": ["x:1"]})
        if not self.whole:
            return
        self.refused("value of wattspool_kafka_profile must be one of",
                     {"wattspool_kafka_profile": "tls"})
        self.refused(f"that of {self.benches[0].name} and {second}",
                     host_variables={"wattspool_agent_id": second})
        self.refused("vault_wattspool_kafka_key", host_variables={
            "wattspool_kafka_key": "{{ vault_wattspool_kafka_key }}"})
        self.refused("which needs wattspool_kafka_key", host_variables={"wattspool_kafka_key": ""})
        self.refused("set either wattspool_apt_repository", {"wattspool_package_file": "x.deb"})
        self.refused("There is no file absent.asc", {"wattspool_apt_key_file": "absent.asc"})
        self.refused("no such user: labb.", host_variables={"wattspool_users": ["games", "labb"]},
                     words=("--limit", self.benches[0].name))
        host = self.benches[0].host
        host.run("mv", "/usr/bin/python3", "/usr/bin/python3.away")
        only = ("--limit", self.benches[0].name)
        self.refused("python3 is missing there", words=only)
        host.run("mv", "/usr/bin/python3.away", "/usr/bin/python3")
        # Its clock as seen through `date`: a host's own cannot be set here.
        host.write("/usr/local/bin/date", "#!/bin/sh\nexec /usr/bin/date -d '-1 hour' \"$@\"\n",
                   0o755)
        self.refused("behind the controller's", words=only)
        host.path("/usr/local/bin/date").unlink()
        self.refused_repositories()

    def refused_repositories(self):
        """Not signed, or for another release: nothing of it is left on the host."""
        folder = self.fleet.repository
        bench = self.benches[0]
        only = ("--limit", bench.name)
        source = "/etc/apt/sources.list.d/wattspool.list"
        for name in ("InRelease", "Release.gpg"):
            subprocess.run(["mv", folder / "bookworm" / name, self.scratch.path(name)], check=True)
        self.fail_with("cannot be used", "site", *only)
        for name in ("InRelease", "Release.gpg"):
            subprocess.run(["mv", self.scratch.path(name), folder / "bookworm" / name], check=True)
        self.fleet.publish("sid", self.scratch_package())
        self.fleet.variables["wattspool_apt_suite"] = "sid"
        self.fail_with("It is for sid, the host is bookworm", "site", *only)
        self.fleet.variables["wattspool_apt_suite"] = ""
        self.assertFalse(bench.host.path(source).exists())
        self.assertEqual(bench.version(), "")

    def scratch_package(self):
        (package,) = (self.fleet.repository / "bookworm").glob("*.deb")
        return package
