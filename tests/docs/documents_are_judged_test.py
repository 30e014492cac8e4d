# SPDX-License-Identifier: Apache-2.0
"""The doc test finds what is wrong with a document, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def judge(text):
    """(exit code, output) of a document with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "SAMPLE.md"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        answer = subprocess.run([sys.executable, "-B", HERE / "run_document.py", path, folder],
                                capture_output=True, text=True, check=False, timeout=60)
    return answer.returncode, answer.stdout + answer.stderr


class Documents(unittest.TestCase):
    def expect(self, text, *, wrong=None):
        code, output = judge(text)
        self.assertEqual(code, 1 if wrong else 0, output)
        if wrong:
            self.assertIn(wrong, output)

    def test_blocks_share_one_shell_and_a_scratch_copy(self):
        self.expect("""\
            ```sh
            word=shared
            cat >file <<END
            $word
            END
            test -x ./dev && test ! -e agent/file
            sleep 60 &
            ```
            Some text.
            ```sh
            test "$(cat file)" = "$word"
            kill %1
            ```
            """)

    def test_a_failing_command_is_named_and_the_rest_still_runs(self):
        self.expect("""\
            ```sh
            ls /nowhere
            true
            ```
            ```sh
            touch after
            ```
            """, wrong="exit code 2: ls /nowhere")

    def test_a_command_that_does_not_exist_fails(self):
        self.expect("```sh\nwattspoool status\n```\n", wrong="exit code 127: wattspoool status")

    def test_a_syntax_error_fails(self):
        self.expect("```sh\nif true; do\n```\n", wrong="syntax error")
        self.expect("```sh\ncat <<END\ntext\n```\n", wrong="here-document")

    def test_output_is_compared_without_its_numbers(self):
        self.expect("""\
            ```console
            $ printf 'rate   12.5 kB/s\\nmore\\nend 3\\n'
            rate 9 kB/s
            ...
            end 4
            ```
            """)

    def test_output_that_differs_fails(self):
        self.expect("```console\n$ echo delivered 5\nmissing 5\n```\n",
                    wrong="should print: missing 5")

    def test_output_in_another_order_fails(self):
        self.expect("```console\n$ printf 'b\\na\\n'\na\nb\n```\n", wrong="should print: b")

    def test_commands_that_would_recurse_are_checked(self):
        self.expect("```sh\n./dev test --all\n./dev demo --kafka\n./dev test -R spool\n```\n")
        self.expect("```sh\n./dev tests\n```\n", wrong="knows no command tests")
        self.expect("```sh\n./dev demo --kafak\n```\n", wrong="./dev demo knows no --kafak")

    def test_a_package_must_exist(self):
        self.expect("```sh\nsudo apt-get install -y git\n```\n")
        self.expect("```sh\nsudo apt install no-such-package-1\n```\n", wrong="no Debian package")

    def test_a_block_in_an_unknown_language_is_not_passed_over(self):
        self.expect("```bash\nfalse\n```\n", wrong="write sh or console")

    def test_what_is_run_elsewhere_is_left_to_the_test_of_that_place(self):
        self.expect("```sh\ntrue\n```\n```sh controller\nfalse\n```\n")
        self.expect("```sh\ntrue\n```\n```sh contoller\nfalse\n```\n",
                    wrong="no test runs a block in sh contoller")
        self.expect("```console controller\n$ false\n```\n", wrong="no test runs a block in")

    def test_a_block_without_an_end_is_told(self):
        self.expect("```sh\ntrue\n", wrong="never ends")

    def test_a_link_to_nowhere_is_told(self):
        self.expect("[here](SAMPLE.md#part) [far](https://example.org/x)\n```sh\ntrue\n```\n")
        self.expect("[here](NONE.md)\n```sh\ntrue\n```\n", wrong="links to NONE.md")

    def test_a_document_without_a_command_is_no_test(self):
        self.expect("# Only words\n", wrong="no command in it")


if __name__ == "__main__":
    unittest.main()
