"""The clinic's settings for `benchmarks.bare`."""

from clinic.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare"
