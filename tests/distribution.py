"""Which tests one worker runs after another; all others go to whichever worker is free."""

from xdist.scheduler import LoadScopeScheduling

# They start real processes, or share what takes long to start.
TOGETHER = ("tests/browser/", "tests/launcher/", "tests/crash/", "tests/twilio/test_prism.py")


def piece_of(nodeid):
    return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


class ByPlace(LoadScopeScheduling):
    """By where a test lives, the largest piece first.

    xdist's own groups travel inside the ids of tests, which pytest 9.2 does not let it write any more: they then are no
    groups, and nothing says so (github.com/pytest-dev/pytest-xdist/issues/1386).
    """

    def _split_scope(self, nodeid):
        return piece_of(nodeid)
