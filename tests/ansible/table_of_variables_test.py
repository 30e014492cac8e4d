# SPDX-License-Identifier: Apache-2.0
"""The document's table, the defaults and the specification say the same of each variable."""

import unittest

import variables_table


class Variables(unittest.TestCase):
    def test_the_document_has_the_table(self):
        text = variables_table.PAGE.read_text("utf-8")
        self.assertIn(variables_table.table(), text,
                      "Run: python3 tests/ansible/variables_table.py --write")

    def test_defaults_are_as_specified(self):
        options, defaults = variables_table.options(), variables_table.defaults()
        secrets = {name for name, option in options.items() if option.get("no_log")}
        self.assertEqual(set(defaults) | secrets, set(options))
        for name, value in defaults.items():
            self.assertEqual(options[name]["default"], value, name)
        for name, option in options.items():
            looks_secret = "password" in name or name.endswith("kafka_key")
            self.assertEqual(name in secrets, looks_secret, name)
            self.assertFalse(option["description"].endswith("."), name)


if __name__ == "__main__":
    unittest.main()
