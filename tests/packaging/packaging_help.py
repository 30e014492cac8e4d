# SPDX-License-Identifier: Apache-2.0
"""What --help of the built programs says, as sets of words."""

import functools
import re
import subprocess

from harness.programs import program


@functools.cache
def _help(name, words):
    return subprocess.run([program(name), *words, "--help"], capture_output=True, text=True,
                          check=True).stdout


def help_of(name, words):
    return _help(name, tuple(words))


def _block(text, title):
    found = re.search(rf"^{title}:\n(.*?)(\n\n|\Z)", text, flags=re.M | re.S)
    return found.group(1) if found else ""


def verbs_of(name, words):
    block = _block(help_of(name, words), "Subcommands")
    return re.findall(r"^  ([a-z][a-z-]*) ", block, flags=re.M)


def options_in(text):
    """Of one help text: -h and --help are two."""
    heads = re.findall(r"^  (-[^ {=]*)", _block(text, "Options"), flags=re.M)
    return [option for head in heads for option in head.split(",")]
