#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test of the structure test: in a tree that breaks each rule once, each breach is found."""
import tempfile
import unittest
from pathlib import Path

import tidy

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class TidyFindsBreaches(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return "\n".join(tidy.check_tree(root))

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings({
            "proto/README.md": "# proto\n",
            "proto/a.h": SPDX + "#pragma once\n",
            "proto/a.cc": SPDX + '#include "proto/a.h"\n',
        }), "")

    def test_each_breach_is_found(self):
        cases = [
            ("buffer/a.cc", SPDX + '#include "agent/x.h"\n', "dependencies point one way"),
            ("proto/a.cc", SPDX + '#include "buffer/x.h"\n', "dependencies point one way"),
            ("drivers/a.cc", SPDX + '#include "proto/waveform.h"\n', "vocabulary"),
            ("agent/forward/a.cc", SPDX + "#include <librdkafka/rdkafka.h>\n", "alone"),
            ("agent/forward/a.cc", SPDX + '#include "agent/kafka/rdkafka_c.h"\n', "private to"),
            ("buffer/a.cc", SPDX + "#include <spdlog/spdlog.h>\n", "must not log"),
            ("proto/a.h", SPDX + "#pragma once\n" + "int x;\n" * 200, "a header has at most"),
            ("proto/a.cc", SPDX + "int x;\n" * 400, "a source has at most"),
            ("proto/a.cc", SPDX + "int f() {\n" + "  g();\n" * 70 + "}\n", "function of 72 lines"),
            ("proto/a.cc", SPDX + "int " + "x" * 100 + ";\n", "columns"),
            ("proto/a.cc", "int x;\n", "SPDX"),
            ("proto/a.h", SPDX + "int x;\n", "pragma once"),
            ("proto/utils.cc", SPDX, "says nothing"),
            ("proto/a.cc", SPDX + "// TODO: later\n", "a debt"),
            ("proto/a.cc", SPDX + '// see "/work/notes"\n', "somebody's machine"),
            ("agent/a.cc", SPDX + '#include "tests/x.h"\n', "product code"),
        ]
        for name, text, expected in cases:
            with self.subTest(expected=expected, name=name):
                self.assertIn(expected, self.findings({name: text}))

    def test_a_module_without_readme_is_found(self):
        self.assertIn("a module has a README.md", self.findings({"proto/a.h": SPDX + "#pragma once\n"}))


if __name__ == "__main__":
    unittest.main()
