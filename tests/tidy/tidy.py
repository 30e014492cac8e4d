#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the tree and says where it breaks the rules of its structure. Usage: tidy.py [ROOT]

One-way dependencies, private headers around foreign C headers, sizes, names, words. What is
wanted all the same stands in allow_list.txt with its reason; an idle line there is a breach.
"""

import pathlib
import re
import subprocess
import sys

import functions

DEPENDS_ON = {
    "proto": {"proto"},
    "drivers": {"drivers", "proto"},
    "buffer": {"buffer", "proto"},
    "agent": {"agent", "drivers", "buffer", "proto"},
}
# What drivers may know of proto: the vocabulary. Wire formats are none of their business.
DRIVERS_VOCABULARY = {
    "proto/block.h", "proto/check.h", "proto/clock.h", "proto/exact_sum.h", "proto/gap.h",
    "proto/ids.h", "proto/instrument.h", "proto/result.h", "proto/time_map.h",
}
# A foreign C header -> the one file that may include it, which is for its own folder only.
PRIVATE_HEADERS = {
    "librdkafka/rdkafka.h": "agent/kafka/rdkafka_c.h",
    "librdkafka/rdkafka_mock.h": "agent/kafka/rdkafka_c.h",
    "prometheus/exposer.h": "agent/metrics/prometheus_cpp.h",
    "prometheus/metric_family.h": "agent/metrics/prometheus_cpp.h",
    "sqlite3.h": "buffer/sqlite_c.h",
    "libusb.h": "drivers/usb/libusb_c.h",
    "libusb-1.0/libusb.h": "drivers/usb/libusb_c.h",
}
# Libraries are told the time and return what happened; only the agent logs and looks at clocks.
LIBRARY_BANS = {
    r"spdlog/": "libraries do not log; return a Result or an event",
    r"_clock::now|\bclock_gettime\s*\(|\bgettimeofday\s*\(":
        "libraries do not read the clock; take a proto::Clock&",
}
CLOCK_HOME = "proto/clock.cc"
BANNED_NAMES = {"utils", "util", "common", "manager", "helper", "helpers", "types", "misc"}
BANNED_WORDS = {
    r"\bTODO(?!\([^)]+\): \S)": "a TODO needs a reason: TODO(name): reason",
    r"\b(FIXME|XXX|HACK)\b": "left-over marker",
    r"/" + r"work/|/tmp/" + r"bash|\.lib" + r"rary/": "a path of somebody's workplace",
    r"\bshared_ptr\b": "ownership is unique_ptr and references",
    r"@(param|return|brief)\b": "plain sentences instead of Doxygen tags",
    r"(#|//|/\*)\s*[=*#-]{20,}": "banner",
}
# kind -> lines at which a file must be split
LIMITS = {"header": 200, "source": 400, "test": 500, "cmake": 120, "readme": 250, "script": 400}
LINE_COLUMNS = 100
# Tables, commands and links in prose are not broken; code is.
WIDE_KINDS = {"readme", "other", "cmake"}
FUNCTION_LINES = 70
FUNCTION_PARAMETERS = 5
CXX = {".h", ".cc"}
TOP_LEVEL = {"CMakeLists.txt", "agent", "drivers", "buffer", "proto", "tests", "bench", "packaging",
             "ansible", "README.md", "LICENSE", "dev", "CMakePresets.json", "CONTRIBUTING.md",
             "SECURITY.md", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore", ".ci"}


def tracked_files(root):
    answer = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others",
                             "--exclude-standard"], capture_output=True, text=True, check=False)
    if answer.returncode == 0 and answer.stdout:
        names = answer.stdout.splitlines()
    else:  # a release archive has no git
        paths = (path.relative_to(root) for path in root.rglob("*"))
        names = [str(path) for path in paths if "build" not in path.parts]
    return sorted(name for name in names if (root / name).is_file())


def kind_of(name):
    path = pathlib.PurePosixPath(name)
    if path.name == "CMakeLists.txt" or path.suffix == ".cmake":
        return "cmake"
    if path.suffix == ".md":
        return "readme"
    if path.suffix in CXX and path.parts[0] in ("tests", "bench"):
        return "test"
    if path.suffix == ".h":
        return "header"
    if path.suffix == ".cc":
        return "source"
    if path.suffix in (".py", ".sh"):
        return "script"
    return "other"


class Tidy:
    def __init__(self, root):
        self.root = root
        self.files = tracked_files(root)
        self.breaches = []

    def breach(self, rule, name, text, line=0):
        self.breaches.append((rule, name, line, text))

    def check(self):
        for name in self.files:
            if name.split("/")[0] not in TOP_LEVEL:
                self.breach("top-level", name, "the top level is fixed")
            if name.startswith("tests/data/") or "/testdata/" in name:
                continue
            try:
                text = (self.root / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self.breach("binary", name, "not text; data belongs in tests/data")
                continue
            self.check_file(name, text, text.splitlines())
        self.check_readmes()
        return self.breaches

    def check_file(self, name, text, lines):
        path = pathlib.PurePosixPath(name)
        kind = kind_of(name)
        if path.stem in BANNED_NAMES or any(part in BANNED_NAMES for part in path.parts[:-1]):
            self.breach("name", name, "a name that says nothing; name the concept")
        if kind in LIMITS and len(lines) > LIMITS[kind]:
            self.breach("size", name, f"{len(lines)} lines, a {kind} has at most {LIMITS[kind]}")
        if kind in ("header", "source", "test", "script") or text.startswith("#!"):
            if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
                self.breach("spdx", name, "the first lines name no licence")
        if name == "LICENSE":
            return
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS and kind not in WIDE_KINDS:
                self.breach("columns", name, f"{len(line)} columns, limit {LINE_COLUMNS}", number)
            if not name.startswith("tests/tidy/"):
                for pattern, why in BANNED_WORDS.items():
                    if re.search(pattern, line):
                        self.breach("word", name, why, number)
        if path.suffix in CXX:
            self.check_cxx(name, text, lines)

    def check_cxx(self, name, text, lines):
        top = name.split("/")[0]
        if name.endswith(".h") and "#pragma once" not in lines[:12]:
            self.breach("once", name, "no #pragma once near the top")
        for number, line in enumerate(lines, 1):
            included = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if included:
                self.check_include(name, top, included.group(1), number)
            if top in ("proto", "drivers", "buffer") and name != CLOCK_HOME:
                for pattern, why in LIBRARY_BANS.items():
                    if re.search(pattern, line):
                        self.breach("library", name, why, number)
        for function in functions.find(text):
            if function.lines > FUNCTION_LINES and top not in ("tests", "bench"):
                self.breach("function", name, f"{function.name} has {function.lines} lines, "
                            f"limit {FUNCTION_LINES}", function.line)
            if function.parameters > FUNCTION_PARAMETERS:
                self.breach("parameters", name, f"{function.name} has {function.parameters} "
                            f"parameters, limit {FUNCTION_PARAMETERS}", function.line)

    def check_include(self, name, top, included, number):
        if top in ("tests", "bench"):
            return
        target = included.split("/")[0]
        if target in DEPENDS_ON and target not in DEPENDS_ON.get(top, DEPENDS_ON):
            self.breach("dependency", name, f"{top} may not include {included}", number)
        if top == "drivers" and target == "proto" and included not in DRIVERS_VOCABULARY:
            self.breach("dependency", name, f"drivers may not include {included}", number)
        if target in ("tests", "bench"):
            self.breach("dependency", name, f"the product may not include {included}", number)
        if included in PRIVATE_HEADERS and name != PRIVATE_HEADERS[included]:
            self.breach("private-header", name,
                        f"<{included}> is included by {PRIVATE_HEADERS[included]} only", number)
        for private in PRIVATE_HEADERS.values():
            if included == private and not name.startswith(private.rpartition("/")[0] + "/"):
                self.breach("private-header", name, f"{private} is for its own folder", number)

    def check_readmes(self):
        for module in ("proto", "drivers", "buffer", "agent", "tests", "bench"):
            has_code = any(name.startswith(module + "/") for name in self.files)
            if has_code and f"{module}/README.md" not in self.files:
                self.breach("readme", f"{module}/README.md", "the module has no README")


def apply_allow_list(breaches, path):
    """Each line: RULE PATH REASON. What it allows is dropped, but not an idle line."""
    kept, allowed = list(breaches), []
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split(maxsplit=2)
            if len(fields) < 3:
                kept.append(("allow-list", str(path.name), number, "needs RULE PATH REASON"))
                continue
            hits = [b for b in kept if (b[0], b[1]) == (fields[0], fields[1])]
            if not hits:
                kept.append(("allow-list", str(path.name), number,
                             f"allows nothing: {fields[0]} {fields[1]}"))
            kept = [b for b in kept if b not in hits]
            allowed += hits
    return kept


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    breaches = apply_allow_list(Tidy(root).check(), root / "tests/tidy/allow_list.txt")
    for rule, name, line, text in breaches:
        print(f"{name}:{line or 1}: [{rule}] {text}")
    print(f"tidy: {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
