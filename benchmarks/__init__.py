"""Figures, each by a command: `./run bench NAME` prints JSON. Never part of the tests: machines differ."""
