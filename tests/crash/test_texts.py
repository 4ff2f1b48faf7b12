"""Whatever dies in the middle: no text is lost, none goes twice, and all are settled within half a minute.

    ./run test crash            5,000 texts in every row of the table, on PostgreSQL and on the embedded default

The suite has a short form of two rows.
"""

import time

import pytest

from tests.crash.stage import Provider, clinic
from tests.launcher.processes import wait_until
from tests.services import Postgres, Redis

pytestmark = pytest.mark.launcher
SETTLED_WITHIN = 30
LONG, SHORT = 5000, 250


class Stage:
    def __init__(self, house, provider, postgres=None, redis=None):
        self.house, self.provider, self.postgres, self.redis = house, provider, postgres, redis

    def wait_for_unknown(self):
        wait_until(lambda: self.house.count("status = 'unknown'") >= 8, 60, "eight unknown outcomes")


def nothing(stage):
    """The control: nobody is hurt."""


def worker_killed(stage):
    stage.house.kill("worker")


def redis_flushed(stage):
    stage.redis.flush()


def redis_gone(stage, seconds=60):
    stage.redis.stop()
    time.sleep(seconds)
    stage.redis.start()


def postgres_restarted(stage):
    stage.postgres.restart()


def provider_hangs(stage):
    stage.provider.behave(fault="hang", times=-1)
    stage.wait_for_unknown()
    stage.provider.behave(fault="")


def provider_breaks_after_accepting(stage):
    stage.provider.behave(fault="lost", times=40)
    stage.wait_for_unknown()


def provider_answers_500(stage):
    stage.provider.behave(fault="500:20500", times=-1)
    stage.wait_for_unknown()
    stage.provider.behave(fault="")


def provider_answers_429(stage):
    stage.provider.behave(fault="429:20429", times=60)


ANYWHERE = [
    nothing,
    worker_killed,
    provider_hangs,
    provider_breaks_after_accepting,
    provider_answers_500,
    provider_answers_429,
]
OF_SERVERS = [redis_flushed, redis_gone, postgres_restarted]


def suffer(stage, hurt, count):
    """Fill, hurt at 40 %, and see what became of everything."""
    stage.house.fill(count)
    wait_until(lambda: stage.provider.seen()["accepted"] >= 0.4 * count, 120, "40 % of the texts")
    hurt(stage)
    recovered = time.monotonic()
    wait_until(stage.house.settled, SETTLED_WITHIN + 30, "every text's being settled")
    took = time.monotonic() - recovered
    seen = stage.provider.seen()
    report = f"{hurt.__name__}: {seen['accepted']} of {count}, settled {took:.1f} s after recovery"
    print(report)
    assert (seen["accepted"], seen["different"], seen["twice"]) == (count, count, {}), report
    assert stage.house.count("status IN ('sent', 'delivered')") == count
    assert took <= SETTLED_WITHIN, report


@pytest.fixture
def provider():
    made = Provider(latency=0.02)
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path, provider):
    with clinic(tmp_path, provider) as house:
        yield Stage(house, provider)


@pytest.fixture
def servers(tmp_path, provider):
    with Postgres() as postgres, Redis() as redis:
        places = {"DATABASE_URL": postgres.make("crash"), "REDIS_URL": redis.url}
        with clinic(tmp_path, provider, **places) as house:
            yield Stage(house, provider, postgres, redis)


def test_a_worker_killed_on_the_embedded_default(embedded):
    suffer(embedded, worker_killed, SHORT)


@pytest.mark.postgres
@pytest.mark.redis
def test_postgres_restarted(servers):
    suffer(servers, postgres_restarted, SHORT * 2)


@pytest.mark.long
@pytest.mark.parametrize("hurt", ANYWHERE)
def test_on_the_embedded_default(embedded, hurt):
    suffer(embedded, hurt, LONG)


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.parametrize("hurt", [*ANYWHERE, *OF_SERVERS])
def test_on_postgres_and_redis(servers, hurt):
    suffer(servers, hurt, LONG)
