#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deliberate faults, each of which must turn one named test red.

For each mutant: its test is run as it is (green, or the mutant proves nothing), one source file is
copied with one place changed, compiled with the build's own command and linked into a copy of the
test's program before the libraries, and the same test is run again (red). Neither the working tree
nor the build is touched. Needs the preset dev to be built: ./dev mutants does that.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """A mutant that could not be judged, or that survived."""


def run(command, cwd, timeout_s=300):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False,
                          timeout=timeout_s)


def compile_command(build, source):
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if pathlib.Path(entry["file"]) == source:
            return shlex.split(entry["command"]), entry["directory"]
    raise Failure(f"{source} is not compiled in {build}")


def link_command(build, program):
    """The command that links the program, from ninja, without what follows it."""
    answer = run(["ninja", "-t", "commands", program], build)
    if answer.returncode != 0:
        raise Failure(f"{program} is no target of {build}: {answer.stderr.strip()}")
    for part in answer.stdout.strip().splitlines()[-1].split(" && "):
        words = shlex.split(part)
        if "-o" in words and words[words.index("-o") + 1] == program:
            return words
    raise Failure(f"ninja does not say how {program} is linked")


def mutate(mutant, target):
    text = (ROOT / mutant.source).read_text(encoding="utf-8")
    places = text.count(mutant.before)
    if places != 1:
        raise Failure(f"{mutant.source} has the text to change {places} times, not once: "
                      "follow the change of the code in tests/mutation/mutants.py")
    target.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")


def build_mutant(mutant, build, scratch):
    """The test's program with the mutated file in place of the right one."""
    source = scratch / pathlib.Path(mutant.source).name
    mutate(mutant, source)
    command, directory = compile_command(build, ROOT / mutant.source)
    mutant_object = scratch / "mutant.o"
    command[command.index("-o") + 1] = str(mutant_object)
    command[command.index("-c") + 1] = str(source)
    # What a fault leaves unused is no mistake here.
    compiled = run([*command, "-w"], directory)
    if compiled.returncode != 0:
        raise Failure(f"the mutated {mutant.source} does not compile:\n{compiled.stderr}")
    program = scratch / "mutant"
    link = link_command(build, mutant.program)
    at = link.index("-o") + 1
    # The first definition wins: the library's own object is not pulled in any more.
    link[at:at + 1] = [str(program), str(mutant_object)]
    linked = run(link, build)
    if linked.returncode != 0:
        raise Failure(f"{mutant.program} does not link with the mutant:\n{linked.stderr}")
    return program


def run_test(program, mutant, cwd):
    """(passed, failed): cases of the test that ran to their end."""
    answer = run([str(program), f"--gtest_filter={mutant.test}", "--gtest_color=no"], cwd)
    passed = len(re.findall(r"^\[       OK \]", answer.stdout, re.MULTILINE))
    failed = len(set(re.findall(r"^\[  FAILED  \] (\S+) \(\d+ ms\)", answer.stdout, re.MULTILINE)))
    if (answer.returncode == 0) != (failed == 0) or passed + failed == 0:
        raise Failure(f"{program.name} --gtest_filter={mutant.test} ended in {answer.returncode} "
                      f"with {passed} passed and {failed} failed:\n{answer.stdout[-2000:]}"
                      f"{answer.stderr[-2000:]}")
    return passed, failed


def judge(mutant, build):
    with tempfile.TemporaryDirectory(prefix="mutant_") as name:
        scratch = pathlib.Path(name)
        passed, failed = run_test(build / mutant.program, mutant, scratch)
        if failed > 0:
            raise Failure(f"{mutant.test} is red without the mutant")
        before = f"{passed} passed"
        passed, failed = run_test(build_mutant(mutant, build, scratch), mutant, scratch)
        if failed == 0:
            raise Failure(f"survived: {mutant.test} stays green")
        return before, f"{failed} failed"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/dev", help="build directory")
    parser.add_argument("names", nargs="*", help="only these mutants")
    arguments = parser.parse_args()
    build = (ROOT / arguments.build).resolve()
    known = [mutant.name for mutant in MUTANTS]
    for name in arguments.names:
        if name not in known:
            parser.error(f"no mutant {name}; there are {', '.join(known)}")
    bad = 0
    print(f"{'mutant':<28}{'changed file':<38}{'as it is':<12}{'mutated':<12}{'time':>6}")
    for mutant in MUTANTS:
        if arguments.names and mutant.name not in arguments.names:
            continue
        begin = time.monotonic()
        try:
            before, after = judge(mutant, build)
        except (Failure, subprocess.TimeoutExpired) as failure:
            bad += 1
            before, after = "-", "BAD"
            print(f"{mutant.name}: {failure}", file=sys.stderr)
        print(f"{mutant.name:<28}{mutant.source:<38}{before:<12}{after:<12}"
              f"{time.monotonic() - begin:>4.0f} s", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
