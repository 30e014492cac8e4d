#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test of the test: each rule is broken in a made-up tree, and each breach must be found."""

import pathlib
import tempfile
import unittest

import functions
import tidy

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"


def long_function(lines):
    return "int f(int a) {\n" + "  a += 1;\n" * (lines - 2) + "}\n"


# rule, file, content that breaks the rule once
BAD = [
    ("dependency", "buffer/a.cc", SPDX + '#include "drivers/js220.h"\n'),
    ("dependency", "drivers/a.cc", SPDX + '#include "agent/version.h"\n'),
    ("dependency", "proto/a.cc", SPDX + '#include "buffer/row.h"\n'),
    ("dependency", "drivers/c.cc", SPDX + '#include "proto/waveform.h"\n'),
    ("dependency", "agent/a.cc", SPDX + '#include "tests/drivers/hex_bytes.h"\n'),
    ("private-header", "agent/forward/a.cc", SPDX + "#include <librdkafka/rdkafka.h>\n"),
    ("private-header", "agent/spool/a.cc", SPDX + "#include <sqlite3.h>\n"),
    ("private-header", "agent/forward/b.cc", SPDX + '#include "agent/kafka/rdkafka_c.h"\n'),
    ("library", "buffer/b.cc", SPDX + "#include <spdlog/spdlog.h>\n"),
    ("library", "drivers/b.cc", SPDX + "auto t = std::chrono::steady_clock::now();\n"),
    ("size", "proto/long.cc", SPDX + "int a;\n" * 400),
    ("size", "proto/long.h", HEADER + "int a;\n" * 199),
    ("size", "tests/proto/long_test.cc", SPDX + "int a;\n" * 500),
    ("size", "proto/CMakeLists.txt", "# line\n" * 121),
    ("function", "proto/function.cc", SPDX + long_function(71)),
    ("parameters", "proto/parameters.cc",
     SPDX + "void f(int a, int b, int c, int d, int e, int g) {}\n"),
    ("columns", "proto/wide.cc", SPDX + "// " + "x" * 98 + "\n"),
    ("spdx", "proto/free.cc", "int a;\n"),
    ("once", "proto/twice.h", SPDX + "int a;\n"),
    ("name", "agent/utils.cc", SPDX),
    ("name", "agent/helpers/good.cc", SPDX),
    ("word", "proto/todo.cc", SPDX + "// TODO later\n"),
    ("word", "proto/place.cc", SPDX + "// see /" + "work/x\n"),
    ("word", "proto/shared.cc", SPDX + "std::shared_ptr<int> a;\n"),
    ("readme", "buffer/row.cc", SPDX),
    ("top-level", "extra/a.txt", "x\n"),
]
GOOD = {
    "proto/README.md": "# proto\n",
    "proto/a.h": HEADER + "int f(int a);\n",
    "proto/a.cc": SPDX + '#include "proto/a.h"\n' + long_function(70),
    "proto/todo.cc": SPDX + "// TODO(lee): the instrument sends it only from firmware 1.4 on.\n",
    "agent/README.md": "# agent\n",
    "agent/kafka/rdkafka_c.h": HEADER + "#include <librdkafka/rdkafka.h>\n",
    "agent/kafka/producer.cc": SPDX + '#include "agent/kafka/rdkafka_c.h"\n'
                               '#include "buffer/spool.h"\n#include "drivers/js220.h"\n',
    "tests/README.md": "# tests\n",
    "tests/agent/mock_test.cc": SPDX + "#include <librdkafka/rdkafka_mock.h>\n",
}


def breaches_of(tree, allow_list=""):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, content in tree.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
        allowed = root.parent / (root.name + ".allow")
        allowed.write_text(allow_list, encoding="utf-8")
        try:
            return tidy.apply_allow_list(tidy.Tidy(root).check(), allowed)
        finally:
            allowed.unlink()


class TidyFindsABadTree(unittest.TestCase):
    def test_a_good_tree_is_clean(self):
        self.assertEqual(breaches_of(GOOD), [])

    def test_each_rule_is_found_where_it_is_broken(self):
        for rule, name, content in BAD:
            with self.subTest(rule=rule, name=name):
                found = breaches_of({name: content})
                expected = "buffer/README.md" if rule == "readme" else name
                self.assertIn((rule, expected), [(b[0], b[1]) for b in found])

    def test_a_breach_is_allowed_only_with_a_reason_and_only_while_it_exists(self):
        tree = {**GOOD, "proto/long.cc": SPDX + "int a;\n" * 400}
        self.assertEqual(breaches_of(tree, "size proto/long.cc one table of the standard\n"), [])
        self.assertEqual([b[0] for b in breaches_of(tree, "size proto/long.cc\n")],
                         ["size", "allow-list"])
        self.assertEqual([b[0] for b in breaches_of(GOOD, "size proto/a.cc gone since\n")],
                         ["allow-list"])

    def test_functions_are_found_in_the_shapes_that_we_write(self):
        text = """
namespace a {
class B { B(int x, int y) : x_(x), y_{y} { go(); } int get() const { return x_; } };
}
Result<int> B::read(std::span<const std::byte> in, std::map<int, int> m) const noexcept {
  if (in.empty()) { return 1; }
  auto f = [&](int q) { return q; };  // not a function of its own: } {
  return f('}');
}
auto C::size() const -> std::size_t { return 1; }
int declared_only(int a, int b);
"""
        found = [(f.name, f.parameters) for f in functions.find(text)]
        self.assertEqual(found, [("B", 2), ("get", 0), ("read", 2), ("size", 0)])


if __name__ == "__main__":
    unittest.main()
