"""The settings of the clinic, as tests want them: quick passwords, a database of their own."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="clinic-tests-"))
os.environ.setdefault("SECRET_KEY", "only-for-tests")

from clinic.settings import *  # noqa: F403
from clinic.settings import DATA_DIR, DATABASES

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A file, not memory: tests with threads want several connections to the same database.
DATABASES["default"].setdefault("TEST", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"]["NAME"] = str(DATA_DIR / "tests.sqlite3")
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
AXES_ENABLED = True
# Each test client would look through all static files at its first request.
WHITENOISE_AUTOREFRESH = True
