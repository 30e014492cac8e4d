# SPDX-License-Identifier: Apache-2.0
"""What the role computes: TOML that is read as it was meant, restarts, rights, the table."""

import pathlib
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "ansible/plugins/filter"))
import fleet

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

    def test_topics_are_made_once_for_each_cluster(self):
        hosts = {"a": {"wattspool_kafka_brokers": ["k1"]}, "b": {"wattspool_kafka_brokers": ["k1"]},
                 "c": {"wattspool_kafka_brokers": ["k2"]},
                 "d": {"wattspool_kafka_brokers": ["k1"], "wattspool_topics_prefix": "x."}}
        first = [host for host in hosts if fleet.first_of_cluster(list(hosts), hosts, host)]
        self.assertEqual(first, ["a", "c", "d"])

    def test_a_wave_knows_who_is_where(self):
        hosts = {"a": {"__wattspool_stage": "done"}, "b": {"__wattspool_stage": "begun"}, "c": {}}
        self.assertEqual(fleet.wave(list(hosts), hosts),
                         {"begun": ["b"], "done": ["a"], "later": ["c"]})


if __name__ == "__main__":
    unittest.main()
