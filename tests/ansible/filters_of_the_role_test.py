# SPDX-License-Identifier: Apache-2.0
"""What the role computes: TOML that is read as it was meant, restarts, rights, the table."""

import hashlib
import json
import pathlib
import re
import sys
import tomllib
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "ansible/plugins/filter"))
import fleet

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "agent/config"

ADD = "kafka-acls.sh --bootstrap-server 'k:9' --add --allow-principal 'User:b1' --operation Write"
RIGHTS = f"""\
# What wattspoold needs as User:b1 (exactly_once).
{ADD} --topic 't.v1' --topic 'u.v1'
{ADD} --transactional-id 'b1'
"""
LISTED = """\
Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name={topic}, patternType=LITERAL)`:
 \t(principal=User:b1, host=*, operation=WRITE, permissionType={permission})
 \t(principal=User:b2, host=*, operation=WRITE, permissionType=ALLOW)

"""


def listed(*topics, permission="ALLOW"):
    return "".join(LISTED.format(topic=topic, permission=permission) for topic in topics)


class Filters(unittest.TestCase):
    def test_settings_are_read_as_they_were_meant(self):
        settings = {"agent.id": 'a "quoted" \\ name', "usb": {"serials": ["1", "2"]},
                    "waveform.zstd_level": 3, "forward.backoff.multiplier": 1.5,
                    "agent.site": "Köln",
                    "kafka.settings": {"socket.keepalive.enable": True}}
        instruments = [{"id": "js220/1", "waveform.rate": "full"}, {"id": "js110/2"}]
        read = tomllib.loads(fleet.to_site_toml(settings, instruments))
        self.assertEqual(read["agent"], {"id": 'a "quoted" \\ name', "site": "Köln"})
        self.assertEqual(read["usb"]["serials"], ["1", "2"])
        self.assertEqual(read["waveform"]["zstd_level"], 3)
        self.assertEqual(read["forward"]["backoff"]["multiplier"], 1.5)
        self.assertEqual(read["kafka"]["settings"], {"socket.keepalive.enable": True})
        self.assertEqual([one["id"] for one in read["instrument"]], ["js220/1", "js110/2"])
        self.assertEqual(read["instrument"][0]["waveform"], {"rate": "full"})

    def test_what_is_no_value_is_named(self):
        with self.assertRaisesRegex(Exception, "spool.quota"):
            fleet.to_site_toml({"spool.quota": None})

    def test_what_a_reload_applies_needs_no_restart(self):
        before = fleet.to_site_toml({"agent.id": "a", "log.level": "info"})
        for settings, restart in (({"agent.id": "a", "log.level": "debug"}, False),
                                  ({"agent.id": "a"}, False),
                                  ({"agent.id": "a", "log.format": "text"}, False),
                                  ({"agent.id": "a", "kafka.security.username": "b"}, False),
                                  ({"agent.id": "a", "kafka": {"security": {"ca_file": "/b"}}},
                                   False),
                                  ({"agent.id": "a", "kafka.brokers": ["b:1"]}, True),
                                  ({"agent.id": "b", "log.level": "info"}, True)):
            after = "# another comment\n" + fleet.to_site_toml(settings)
            self.assertEqual(fleet.needs_restart(before, after), restart, settings)

    def test_a_reload_applies_what_the_daemon_says(self):
        text = (CONFIG / "config_keys.cc").read_text("utf-8")
        keys = re.findall(r'KeySpec\{"([^"]+)".*?\b(kReload|kRestart)\b', text, re.S)
        self.assertGreater(len(keys), 40)
        for key, apply in keys:
            self.assertEqual(key.startswith(fleet.RELOADED), apply == "kReload", key)

    def test_profiles_need_what_the_daemon_says(self):
        text = (CONFIG / "kafka_profile.cc").read_text("utf-8")
        names = {"kUsername": "wattspool_kafka_username", "kPassword": "wattspool_kafka_password",
                 "kCertificate": "wattspool_kafka_certificate", "kKey": "wattspool_kafka_key"}
        word = f"(?:{'|'.join(names)})"
        needs = {profile: [names[one] for one in words.split(", ")] for profile, words in
                 re.findall(rf'\{{"([a-z-]+)",.*?\{{({word}(?:, {word})*)\}},', text, re.S)}
        variables = yaml.safe_load((ROOT / "ansible/roles/wattspool/vars/main.yml").read_text())
        self.assertEqual({"": [], **needs}, variables["__wattspool_needs"])

    def test_what_has_a_variable_is_no_setting(self):
        """However the key is spelt that TOML would read."""
        variables = {"agent.id": "wattspool_agent_id", "kafka.brokers": "wattspool_kafka_brokers"}
        for settings in ({"agent.id": "a"}, {"agent": {"id": "a"}}, {'agent."id"': "a"},
                         {" agent . 'id'": "a"}):
            self.assertEqual(fleet.taken(settings, variables),
                             ["agent.id (set wattspool_agent_id instead)"], settings)
        self.assertEqual(fleet.taken({"agent.identity": 1, "log": {"level": "info"}}, variables),
                         [])

    def test_files_that_differ_are_known(self):
        files = {"/a": "text", "/b": "", "/c c": "other"}
        same = [f"{hashlib.sha256(files[name].encode()).hexdigest()}  {name}" for name in files]
        self.assertEqual(fleet.differing(same, files), [])
        self.assertEqual(fleet.differing(same[1:], files), ["/a"])
        self.assertEqual(fleet.differing(same, {**files, "/c c": "new"}), ["/c c"])

    def test_only_missing_rights_are_granted(self):
        first, second = [line.split()[-1].strip("'") for line in RIGHTS.splitlines()[1:]]
        for said, missing in (("", [first, second]), (listed("t.v1"), [first, second]),
                              (listed("t.v1", "u.v1"), [second]),
                              (listed("t.v1", "u.v1", permission="DENY"), [first, second])):
            commands = fleet.missing_rights(RIGHTS, said)
            self.assertEqual([command[-1] for command in commands], missing, said)
            self.assertTrue(all(command[0] == "--bootstrap-server" for command in commands))
        mine = LISTED.replace("TOPIC", "TRANSACTIONAL_ID").format(topic="b1", permission="ALLOW")
        self.assertEqual(fleet.missing_rights(RIGHTS, listed("t.v1", "u.v1") + mine), [])

    def test_the_worst_bench_is_on_top(self):
        status = {"updated_at": "2026-11-27T08:00:10.5Z", "version": "1.0", "health": "healthy",
                  "instruments": [{"state": "streaming", "values_lost_total": 7}], "reasons": [],
                  "spool": {"unacked_rows": 3}, "kafka": {"last_ack_at": "2026-11-27T08:00:00Z"}}
        sick = {**status, "health": "critical", "kafka": {"last_ack_at": None},
                "reasons": [{"message": "It loses data."}]}
        table = fleet.fleet_table([
            {"bench": "b1", "site": "lab", "class": "", "status": status, "problem": ["", ""]},
            {"bench": "b2", "status": None, "problem": ["unreachable", "No route to host"]},
            {"bench": "b3", "status": sick, "problem": ["", ""]}]).splitlines()
        self.assertEqual([line.split()[0] for line in table], ["bench", "b3", "b2", "b1"])
        self.assertRegex(table[1], r"critical +1 of 1 +7 +3 +- +It loses data\.$")
        self.assertRegex(table[2], r"unreachable .* No route to host$")
        self.assertRegex(table[3], r"b1 +lab +- +1\.0 +healthy +1 of 1 +7 +3 +10 s$")

    def test_agents_of_one_name_are_found(self):
        agents = fleet.agents_of(["a", "b", "c"], {"a": {}, "b": {"wattspool_agent_id": "a"},
                                                  "c": {"wattspool_agent_id": "d"}})
        self.assertEqual(fleet.repeated([agent["id"] for agent in agents]), ["a"])

    def test_one_bench_speaks_for_those_like_it(self):
        hosts = {"a": {"wattspool_kafka_brokers": ["k1"]}, "b": {"wattspool_kafka_brokers": ["k1"]},
                 "c": {"wattspool_kafka_brokers": ["k2"]},
                 "d": {"wattspool_kafka_brokers": ["k1"], "wattspool_topics_prefix": "x."},
                 "e": {"wattspool_kafka_brokers": ["k1:2"], "wattspool_topics_brokers": ["k1"]}}
        names = (["wattspool_topics_brokers", "wattspool_kafka_brokers"], "wattspool_topics_prefix")
        self.assertEqual([fleet.first_alike(list(hosts), hosts, host, *names) for host in hosts],
                         ["a", "a", "c", "d", "a"])

    def test_a_setting_is_found_however_it_is_written(self):
        for settings in ({"forward.delivery": "x"}, {"forward": {"delivery": "x"}}):
            self.assertEqual(fleet.setting(settings, "forward.delivery"), "x")
        self.assertEqual(fleet.setting({}, "forward.delivery"), "")

    def test_what_is_unsent_is_batches_and_states(self):
        spool = {"lanes": {"event": {"unacked_rows": 2}, "waveform": {"unacked_rows": 3}},
                 "state_values_unacked": 4}
        self.assertEqual(fleet.unsent(json.dumps(spool)), 9)

    def test_a_wave_knows_who_is_where(self):
        hosts = {"a": {"__wattspool_stage": "done"}, "b": {"__wattspool_stage": "begun"}, "c": {}}
        self.assertEqual(fleet.wave(list(hosts), hosts),
                         {"begun": ["b"], "done": ["a"], "later": ["c"]})

    def test_a_wave_takes_what_was_newest_to_its_first_bench(self):
        hosts = {"a": {"__wattspool_stage": "done", "__wattspool_newest": ""},
                 "b": {"__wattspool_stage": "done", "__wattspool_newest": "1.1"},
                 "c": {"__wattspool_stage": "done", "__wattspool_newest": "1.2"},
                 "d": {"__wattspool_stage": "begun", "__wattspool_newest": "1.3"}, "e": {}}
        self.assertEqual(fleet.wave_newest(["e", "d", "a", "b", "c"], hosts), "1.1")
        self.assertEqual(fleet.wave_newest(["a", "d", "e"], hosts), "")


if __name__ == "__main__":
    unittest.main()
