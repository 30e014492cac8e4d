# SPDX-License-Identifier: Apache-2.0
"""The table of variables in ansible/README.md, from the role's argument_specs. Usage:
variables_table.py            prints it
variables_table.py --write    puts it into the document
"""

import json
import pathlib
import re
import sys

import yaml

ANSIBLE = pathlib.Path(__file__).resolve().parents[2] / "ansible"
PAGE = ANSIBLE / "README.md"
SPECS = ANSIBLE / "roles/wattspool/meta/argument_specs.yml"
DEFAULTS = ANSIBLE / "roles/wattspool/defaults/main.yml"
TABLE = re.compile(r"(?<=\n)\| variable \|.*?\n(?=[^|])", re.DOTALL)


def options():
    return yaml.safe_load(SPECS.read_text("utf-8"))["argument_specs"]["inventory"]["options"]


def defaults():
    return yaml.safe_load(DEFAULTS.read_text("utf-8"))


def shown(default):
    if default in ("", [], {}, None):
        return ""
    text = default if isinstance(default, str) else json.dumps(default)
    return f"`{text}`"


def row(name, option):
    kind = option["type"]
    if option.get("choices"):
        kind = ", ".join(f"`{choice}`" for choice in option["choices"] if choice)
    elif kind == "list":
        kind = f"list of {option['elements']}"
    meaning = re.sub(r"C\((.*?)\)", r"`\1`", option["description"])
    if option.get("no_log"):
        meaning += " (secret)"
    return f"| `{name}` | {kind} | {shown(option.get('default'))} | {meaning} |"


def table():
    rows = [row(name, option) for name, option in options().items()]
    return "\n".join(["| variable | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def main():
    if sys.argv[1:] != ["--write"]:
        print(table(), end="")
        return
    text = PAGE.read_text("utf-8")
    new, count = TABLE.subn(lambda _: table(), text)
    if count != 1:
        sys.exit(f"{PAGE} has {count} tables that begin with `| variable |`, not one")
    PAGE.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
