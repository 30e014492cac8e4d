# SPDX-License-Identifier: Apache-2.0
"""A change of the inventory: predicted, found valid before it lands, completed, and silent."""

from fleet.steps import Steps
from harness.bench import SPOOL, UNIT
from harness.fleet import OPERATOR_PASSWORD

SITE = "/etc/wattspool/conf.d/50-site.toml"
LOCAL = "/etc/wattspool/conf.d/90-local.toml"
CREDENTIALS = "/etc/wattspool/credentials"
DROP_IN = "/etc/systemd/system/wattspoold.service.d/90-test.conf"
DISK = "/data"


class ChangeSteps(Steps):
    def set(self, bench, **settings):
        self.fleet.host_variables[bench.name]["wattspool_settings"].update(settings)

    def unset(self, bench, key):
        del self.fleet.host_variables[bench.name]["wattspool_settings"][key]

    def secrets_are_kept(self, play):
        """The key or password of each bench is root's alone, and nobody has said a line of it."""
        self.assertIn("Write the secrets", play.text)
        for bench in self.benches:
            name, secret = self.secret(bench)
            journal = bench.host.say("journalctl", "--no-pager", "-o", "cat", "-a")
            self.assertIn("ansible", journal)
            for line in secret.splitlines():
                if not line.startswith("-----"):
                    self.assertNotIn(line, play.text)
                    self.assertNotIn(line, journal)
            self.assertNotIn(OPERATOR_PASSWORD, play.text + journal)
            self.assertEqual(bench.host.path(f"{CREDENTIALS}/{name}").read_text("ascii"), secret)
            said = bench.host.say("find", CREDENTIALS, "-printf", "%m %u:%g %f\n").splitlines()
            self.assertEqual(set(said), {"700 root:root credentials", f"600 root:root {name}"})

    def secret(self, bench):
        """File in the folder of credentials, and what is to be in it."""
        variables = self.fleet.host_variables[bench.name]
        if password := variables.get("wattspool_kafka_password"):
            return "password", password
        return "client.key", variables["wattspool_kafka_key"]

    def check_mode_tells_the_truth(self):
        """Of a change that a reload applies, and of one that needs a restart."""
        first = self.benches[0]
        for settings, handler in (({"log.level": "debug"}, "Reload wattspoold"),
                                  ({"log.level": "info", "waveform.rate": "100Hz"},
                                   "Restart wattspoold")):
            pid = first.unit("MainPID")
            self.set(first, **settings)
            predicted = self.succeed("site", "--check")
            self.assertEqual(predicted.changes(), {(first.name, "Write the configuration"),
                                                   (first.name, handler)})
            self.assertEqual(self.succeed("site").changes(), predicted.changes())
            self.assertEqual(first.unit("MainPID") == pid, handler.startswith("Reload"))
        self.nothing_lands_with_a_mistake(first)

    def nothing_lands_with_a_mistake(self, bench):
        """Not what is wrong in itself, nor what another file makes wrong; check mode says it."""
        only = ("--limit", bench.name)
        files = [bench.host.path(name) for name in (SITE, f"{CREDENTIALS}/client.key")]
        before = [path.read_bytes() for path in files]
        self.fleet.host_variables[bench.name].update(self.fleet.certificate(bench.name))
        self.set(bench, **{"spool.quota": "1 mile"})
        self.assertEqual(self.fail_with("spool.quota", "site").changes(), set())
        self.unset(bench, "spool.quota")
        bench.host.write(LOCAL, '[forward.backoff]\nmax = "1s"\n')
        bench.host.run("wattspoold", "--check-config")
        self.set(bench, **{"forward.backoff.initial": "5s"})
        for words in (("--check", *only), only):
            play = self.fail_with("less than forward.backoff.initial", "site", *words)
            self.assertEqual(play.changes(), set())
            self.assertIn(LOCAL, play.text)
        self.assertEqual([path.read_bytes() for path in files], before)
        bench.host.path(LOCAL).unlink()
        self.unset(bench, "forward.backoff.initial")
        # So that the new key, which was there all the time, is still brought to the agent.
        self.assertEqual({task for _, task in self.succeed("site", *only).changes()},
                         {"Write the secrets", "Write the certificates", "Reload wattspoold"})
        self.assertEqual(self.succeed("site").changes(), set())

    def a_run_that_ended_early_is_completed(self):
        """It ends after it has written, so the agent has not been told; the next one tells it."""
        first = self.benches[0]
        only = ("--limit", first.name)
        host = first.host
        finish = (first.name, "Finish what an earlier run has begun")
        self.fleet.host_variables[first.name]["wattspool_users"] = ["games"]
        host.run("mv", "/usr/sbin/usermod", "/usr/sbin/usermod.away")
        self.set(first, **{"waveform.rate": "200Hz"})
        pid = first.unit("MainPID")
        play = self.fail_with("usermod", "site", *only)
        self.assertEqual(play.changes(), {(first.name, "Write the configuration")})
        host.run("mv", "/usr/sbin/usermod.away", "/usr/sbin/usermod")
        self.assertEqual(first.unit("MainPID"), pid)
        predicted = self.succeed("site", "--check", *only)
        self.assertEqual(predicted.changes(), {finish, (first.name, "Let people in"),
                                               (first.name, "Restart wattspoold")})
        self.assertEqual(self.succeed("site", *only).changes(), predicted.changes())
        self.assertNotEqual(first.unit("MainPID"), pid)
        self.a_refused_reload_is_asked_for_again(first, finish)
        self.assertEqual(self.succeed("site").changes(), set())

    def a_refused_reload_is_asked_for_again(self, bench, finish):
        only = ("--limit", bench.name)
        bench.host.write(DROP_IN, "[Service]\nExecReload=/bin/false\n")
        bench.host.run("systemctl", "daemon-reload")
        self.fleet.host_variables[bench.name].update(self.fleet.certificate(bench.name))
        self.fail_with("Unable to reload service wattspoold", "site", *only)
        bench.host.path(DROP_IN).unlink()
        bench.host.run("systemctl", "daemon-reload")
        self.assertEqual(self.succeed("site", *only).changes(),
                         {finish, (bench.name, "Reload wattspoold")})

    def a_spool_moves_and_its_neighbours_stay(self):
        """As the README says. What is in the new folder beside the spool stays whose it was."""
        first = self.benches[0]
        only = ("--limit", first.name)
        host, variables = first.host, self.fleet.host_variables[first.name]
        host.write(f"{DISK}/lab/notes", "theirs\n", 0o644)
        host.run("chown", "-R", "games:games", f"{DISK}/lab")
        variables["wattspool_spool_folder"] = f"{DISK}/lab"
        play = self.fail_with("it has notes of games", "site", *only)
        self.assertEqual(play.changes(), set())
        folder = variables["wattspool_spool_folder"] = f"{DISK}/lab/wattspool"
        host.run("systemctl", "stop", UNIT)
        host.run("cp", "-r", SPOOL.rpartition("/")[0], folder)
        first.spool = f"{folder}/spool.db"
        predicted = self.succeed("site", "--check", *only)
        self.assertEqual(self.succeed("site", *only).changes(), predicted.changes())
        host.write(f"{folder}/notes", "root's\n", 0o644)
        self.assertEqual(self.succeed("site", *only).changes(), set())
        self.fleet.wait_delivering([first.name])
        said = host.say("find", DISK, "-printf", "%P %m %u:%g\n").splitlines()
        self.assertLessEqual({"lab 755 games:games", "lab/notes 644 games:games",
                              "lab/wattspool 750 wattspool:wattspool",
                              "lab/wattspool/notes 644 root:root"}, set(said), said)
        self.assertEqual(first.status()["spool"]["set_aside"], "")
