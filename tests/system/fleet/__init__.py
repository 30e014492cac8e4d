# SPDX-License-Identifier: Apache-2.0
"""The steps of fleet_test.py."""
