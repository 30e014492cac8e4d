# SPDX-License-Identifier: Apache-2.0
"""A bench retires with an empty spool, or it stays as it was: of a host whose agent is a script.

What apt does then: tests/system/fleet.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from controller import ansibles, environment

# Says what files say: instruments.json, spool.json; notes what it was asked to do.
AGENT = """\
#!/bin/sh
cd {folder}
case "$*" in
"status --json")
    [ -f instruments.json ] || {{ echo "wattspool: no daemon" >&2; exit 3; }}
    cat instruments.json ;;
release*|claim*)
    echo "$*" >> asked
    [ "$2" != "$(cat fails 2>/dev/null)" ] ||
        {{ echo "wattspool: $2 does not answer" >&2; exit 1; }} ;;
*--path*)
    cat "${{7%.db}}.json" 2>/dev/null || {{ echo "wattspool: $7 is damaged" >&2; exit 1; }} ;;
"spool info --json")
    cat spool.json 2>/dev/null || {{ echo "wattspool: damaged" >&2; exit 1; }} ;;
*)
    echo "what? $*" >&2; exit 2 ;;
esac
"""
PLAYBOOK = [{"name": "A bench retires", "hosts": "all", "gather_facts": False, "tasks": [{
    "name": "Send what is there", "ansible.builtin.include_role": {
        "name": "wattspool.bench.wattspool", "tasks_from": "drain"}}]}]


def spool(path, rows=0, states=0):
    return json.dumps({"path": str(path), "state_values_unacked": states,
                       "lanes": {"event": {"unacked_rows": 0}, "waveform": {"unacked_rows": rows}}})


class Retirement(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fleet-")))
        self.lib = self.folder / "lib"
        for name in ("lib", "bin"):
            (self.folder / name).mkdir()
        self.file = self.lib / "spool.db"
        self.file.touch()
        self.count(self.file)
        program = self.folder / "bin/wattspool"
        program.write_text(AGENT.format(folder=self.folder), "ascii")
        program.chmod(0o755)
        self.instruments(**{"js220/1": "streaming", "js220/2": "absent", "js110/3": "released"})
        (self.folder / "play.json").write_text(json.dumps(PLAYBOOK), "ascii")

    def instruments(self, **states):
        (self.folder / "instruments.json").write_text(json.dumps({"instruments": [
            {"instrument": name, "state": state} for name, state in states.items()]}), "ascii")

    def count(self, file, rows=0, states=0):
        """What the agent says of a file; of its own one without naming it, too."""
        file.with_name(f"{file.name.removesuffix('.db')}.json").write_text(
            spool(file, rows, states), "ascii")
        if file == self.file:
            (self.folder / "spool.json").write_text(spool(file, rows, states), "ascii")

    def retire(self, *words, purging=False, bin_folder="/usr/bin", check=False):
        (self.folder / "asked").unlink(missing_ok=True)
        given = {"__wattspool_purging": purging, "__wattspool_lib": str(self.lib),
                 "wattspool_uninstall_drain_s": 1, "ansible_become": False,
                 "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        answer = subprocess.run(
            [f"{bin_folder}/ansible-playbook", "-i", "bench-01,", "-e", json.dumps(given),
             *(["--check"] if check else []), *words, self.folder / "play.json"],
            capture_output=True, text=True, check=False, cwd=self.folder,
            stdin=subprocess.DEVNULL, env={**environment(self.folder), "PATH": path})
        return answer.returncode, " ".join((answer.stdout + answer.stderr).split())

    def asked(self):
        file = self.folder / "asked"
        return file.read_text("ascii").splitlines() if file.exists() else []

    def goes(self, *words, **options):
        code, said = self.retire(*words, **options)
        self.assertEqual(code, 0, said[-3000:])

    def stays(self, why, *words, **options):
        code, said = self.retire(*words, **options)
        self.assertNotEqual(code, 0, said[-3000:])
        self.assertIn(why, said)

    CLOSED = ["release js220/1 --for 301s", "release js220/2 --for 301s"]
    GIVEN_BACK = ["claim js220/1", "claim js220/2"]

    def test_what_is_lent_stays_lent(self):
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                self.count(self.file)
                self.goes(bin_folder=bin_folder)
                self.assertEqual(self.asked(), self.CLOSED)
                self.count(self.file, rows=7, states=2)
                self.stays("9 batches are not sent, so the agent stays and acquires",
                           bin_folder=bin_folder)
                self.assertEqual(self.asked(), self.CLOSED + self.GIVEN_BACK)

    def test_a_state_that_nobody_got_is_unsent(self):
        self.count(self.file, states=1)
        self.stays("1 batches are not sent")
        self.goes("-e", "wattspool_uninstall_unsent=keep")
        self.stays("1 batches are not sent", "-e", "wattspool_uninstall_unsent=keep", purging=True)
        self.goes("-e", "wattspool_uninstall_unsent=discard", purging=True)

    def test_one_that_cannot_be_closed_gives_the_others_back(self):
        (self.folder / "fails").write_text("js220/1", "ascii")
        self.stays("bench-01 stays and acquires: wattspool release js220/1 --for 301s: "
                   "wattspool: js220/1 does not answer")
        self.assertEqual(self.asked(), self.CLOSED + self.GIVEN_BACK)

    def test_what_nobody_can_count_is_unsent(self):
        (self.folder / "spool.json").unlink()
        (self.lib / "spool.json").unlink()
        self.stays(f"{self.file}: wattspool: {self.file} is damaged")
        self.assertEqual(self.asked(), self.CLOSED + self.GIVEN_BACK)
        self.goes("-e", "wattspool_uninstall_unsent=keep")
        (self.folder / "instruments.json").unlink()
        self.stays("is damaged")
        self.assertEqual(self.asked(), [])

    def test_a_purge_counts_all_that_it_deletes(self):
        aside = self.lib / "spool.db.damaged-20261127T080000Z"
        aside.touch()
        self.goes()
        self.stays(f"{aside}: wattspool: {aside} is damaged", purging=True)
        aside.unlink()
        other = self.lib / "other.db"
        other.touch()
        self.count(other, rows=3)
        self.stays("3 batches are not sent", purging=True)
        self.count(other)
        self.goes(purging=True)

    def test_without_a_program_a_file_is_unsent(self):
        (self.folder / "bin/wattspool").unlink()
        self.stays(f"{self.file}: there is no program wattspool that could read it", purging=True)
        self.stays("there is no program wattspool", purging=True, check=True)
        self.goes("-e", "wattspool_uninstall_unsent=discard", purging=True)
        self.file.unlink()
        self.goes(purging=True)

    def test_a_spool_of_unknown_place_is_unsent(self):
        """A configuration that the program cannot read names it."""
        (self.folder / "spool.json").unlink()
        self.file.unlink()
        self.stays("Its spool: wattspool: damaged")

    def test_an_agent_that_does_not_run_is_to_be_started(self):
        (self.folder / "instruments.json").unlink()
        self.count(self.file, rows=4)
        self.stays("4 batches are not sent, and the agent does not run")
        self.stays("4 batches are not sent", check=True)

    def test_check_mode_asks_only(self):
        self.count(self.file, rows=7)
        self.goes(check=True)
        self.assertEqual(self.asked(), [])


if __name__ == "__main__":
    unittest.main()
