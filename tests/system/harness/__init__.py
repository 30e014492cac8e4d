# SPDX-License-Identifier: Apache-2.0
"""Starts the real programs, breaks them, and asks them what they have. Standard library only."""
