"""docker-compose.yml: its shape, and the very commands of its services against a real PostgreSQL and Redis."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from tests.launcher.processes import ROOT, free_port, get, wait_until

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
BIN = Path(sys.executable).parent


def test_every_service_that_a_clinic_needs_is_there():
    assert set(SERVICES) == {"migrate", "web", "worker", "beat", "postgres", "redis", "proxy"}


def test_no_secret_stands_in_the_file():
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if any(word in name for word in ("SECRET", "PASSWORD", "TOKEN", "_SID")):
                assert value.startswith("${"), name
    assert ":?" in SERVICES["web"]["environment"]["SECRET_KEY"]
    assert ":?" in SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]


def test_redis_keeps_what_it_was_given():
    command = SERVICES["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_everything_that_stays_up_has_a_health_check_and_data_a_volume():
    for name in ("web", "worker", "beat", "postgres", "redis"):
        assert SERVICES[name]["healthcheck"]["test"]
    for name in ("postgres", "redis", "proxy"):
        assert SERVICES[name]["volumes"]
    assert SERVICES["web"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_only_the_proxy_is_open_to_the_street():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert "/metrics" in COMPOSE["configs"]["caddy"]["content"]


def test_the_image_does_not_run_as_root_and_says_so_last():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER clinic"]
    assert not any("SECRET_KEY=" in line and line.startswith("ENV") for line in lines)


def test_the_example_names_everything_that_must_be_set():
    example = (ROOT / ".env.example").read_text()
    for name in ("DOMAIN", "SECRET_KEY", "POSTGRES_PASSWORD"):
        assert f"\n{name}=" in f"\n{example}"


@pytest.fixture
def production(tmp_path):
    """The environment of the services, on this machine's PostgreSQL and Redis, each with a name of its own."""
    import psycopg

    name = f"spravato_compose_{uuid4().hex[:8]}"
    server = next(url for url in _servers() if url)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    wanted = {"SECRET_KEY": "x" * 50, "DOMAIN": "localhost", "POSTGRES_PASSWORD": "unused"}
    env = {key: _filled(value, wanted) for key, value in SERVICES["web"]["environment"].items()}
    env |= {
        "DATABASE_URL": f"{server}/{name}",
        "REDIS_URL": "redis://127.0.0.1:6379/13",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DATA_DIR": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    yield env
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.launcher
@pytest.mark.postgres
@pytest.mark.redis
def test_the_commands_of_the_services_make_a_clinic(production):
    port, started = free_port(), []
    subprocess.run(
        ["python", "manage.py", "collectstatic", "--noinput"], cwd=ROOT, env=production, check=True
    )
    subprocess.run(SERVICES["migrate"]["command"], cwd=ROOT, env=production, check=True)
    web = [{"8000": str(port), "0.0.0.0": "127.0.0.1"}.get(word, word) for word in SERVICES["web"]["command"]]
    try:
        for command in (web, SERVICES["worker"]["command"], SERVICES["beat"]["command"]):
            started.append(subprocess.Popen(command, cwd=ROOT, env=production, stderr=subprocess.DEVNULL))
        wait_until(lambda: get(f"http://127.0.0.1:{port}/healthz")[0] == 200, what="web")
        wait_until(lambda: get(f"http://127.0.0.1:{port}/readyz")[0] == 200, what="worker and beat")
        check = SERVICES["beat"]["healthcheck"]["test"][1:]
        assert subprocess.run(check, cwd=ROOT, env=production).returncode == 0
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _servers():
    import psycopg

    for url in ("postgres://postgres@127.0.0.1:5432", "postgres://root@127.0.0.1:5432"):
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        yield url


def _filled(value, wanted):
    """`${NAME:-default}` and `${NAME:?words}` as compose fills them."""
    import re

    def fill(match):
        name, default = match.group(1), match.group(3) if match.group(2) == ":-" else ""
        return wanted.get(name, default)

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", fill, value)
