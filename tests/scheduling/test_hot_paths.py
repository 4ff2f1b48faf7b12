"""No question of the daily round reads a table from end to end, or a site's whole history: PostgreSQL's own plans."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import tokens
from clinic.models import Membership, Patient, Site
from demo.scale import filling
from demo.scale.layout import Size
from notifications.models import Message
from scheduling.models import Course, TreatmentSession
from tests.factories import make_course, make_patient

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
DAY = MONDAY + timedelta(days=1)
# Each site has four thousand sessions and four hundred patients; nothing asks for a quarter of that.
SIZE = Size(sites=3, patients=1_200, sessions=12_000)
MOST_ROWS = 1_000
# Those of them that make_scale fills: of an empty table no plan says anything.
GROWING = {
    "clinic_patient",
    "clinic_auditevent",
    "scheduling_course",
    "scheduling_courseevent",
    "scheduling_treatmentsession",
    "scheduling_sessionevent",
    "notifications_message",
}
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's plans are PostgreSQL's"),
]


@pytest.fixture
def site(time_machine):
    time_machine.move_to(NOW, tick=False)
    filling.fill(filling.Wish(SIZE, 1, MONDAY), now=NOW)
    _let_texts_wait()
    return Site.objects.order_by("name").first()


def _let_texts_wait():
    """A reminder for each patient: where nothing waits, reading all that waits is the quickest way to read one."""
    due = {"due_at": NOW + timedelta(days=2), "expires_at": NOW + timedelta(days=3)}
    about = {"kind": "reminder", "about_at": NOW + timedelta(days=3), "language": "en", **due}
    patients = Patient.objects.values_list("pk", "site_id")
    Message.objects.bulk_create(
        Message(patient_id=pk, site_id=site, to="+16145550190", body="x", **about) for pk, site in patients
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")


@pytest.fixture
def desk(site):
    return Membership.objects.get(site=site, role="desk").user


@pytest.fixture
def ask(desk):
    """The API, as the desk."""
    token = tokens.make(user=desk, name="test", by=None, now=NOW)
    client = Client(headers={"Authorization": f"Bearer {token}"})

    def asked(method, path, body=None):
        answer = client.generic(method, f"/api/v1{path}", json.dumps(body or {}), "application/json")
        assert answer.status_code < 300, answer.content
        return answer.json()

    return asked


@pytest.fixture
def look(desk):
    client = Client()
    client.force_login(desk)

    def looked(path):
        answer = client.get(path)
        assert answer.status_code == 200
        return answer

    return looked


def new_course(site):
    return make_course(
        site=site, patient=make_patient(site=site), starts_on=DAY, weekdays=[1, 4], time=time(17)
    )


def booked(site, on):
    return TreatmentSession.objects.filter(site=site, status="booked", local_date=on).first()


def test_what_is_measured_would_be_found_out(site):
    """The control: a question without an index for it, and one that reads a site's whole past."""
    assert faults_of(lambda: list(TreatmentSession.objects.filter(week=3)))
    assert faults_of(lambda: list(TreatmentSession.objects.filter(site=site)))


def test_finding_planning_and_booking(site, ask):
    course = new_course(site)
    assert not faults_of(lambda: ask("GET", f"/sites/{site.pk}/openings?from={DAY}&to={DAY}"))
    plan = ask("POST", f"/courses/{course.pk}/plan", {"until": "week8"})
    assert not faults_of(lambda: ask("POST", f"/courses/{course.pk}/plan", {"until": "week8"}))
    wish = [{"number": s["number"], "starts_at": s["starts_at"]} for s in plan["sessions"]]
    assert not faults_of(lambda: ask("POST", f"/courses/{course.pk}/book", {"sessions": wish}))


def test_moving_cancelling_and_confirming(site, ask):
    row, other = booked(site, MONDAY + timedelta(days=3)), booked(site, MONDAY + timedelta(days=7))
    start = row.starts_at + timedelta(days=1)
    body = {"starts_at": start.replace(hour=21).isoformat(), "override": {"gap_short": "x", "week_full": "x"}}
    assert not faults_of(lambda: ask("POST", f"/sessions/{row.pk}/move", body))
    assert not faults_of(lambda: ask("POST", f"/sessions/{row.pk}/confirm"))
    cancel = {"reason": "x", "by": "patient"}
    assert not faults_of(lambda: ask("POST", f"/sessions/{other.pk}/cancel", cancel))


@pytest.mark.parametrize("path", ["/today/", f"/today/?day={DAY}", "/week/", "/floor/", "/inductions/"])
def test_pages_of_the_day(site, look, path):
    assert not faults_of(lambda: look(path))


def test_a_course_and_its_patient(site, look):
    course = Course.objects.filter(site=site, status="active").first()
    assert not faults_of(lambda: look(f"/courses/{course.pk}/"))
    assert not faults_of(lambda: look(f"/patients/{course.patient_id}/"))


def test_a_closed_day(site, ask, desk):
    Membership.objects.create(user=desk, site=site, role="manager")
    midnight = datetime.combine(DAY, time(), site.tz)
    close = {
        "starts_at": midnight.isoformat(),
        "ends_at": (midnight + timedelta(days=1)).isoformat(),
        "reason": "Snow",
    }
    assert not faults_of(lambda: ask("POST", f"/sites/{site.pk}/closures", close))
    assert not faults_of(lambda: ask("GET", f"/sites/{site.pk}/replan?date={DAY}"))
    assert not faults_of(lambda: ask("POST", f"/sites/{site.pk}/replan?date={DAY}"))


def faults_of(deed) -> list[str]:
    """Every scan of a growing table, in the queries of `deed`, that reads too much of it."""
    with CaptureQueriesContext(connection) as queries:
        deed()
    found = []
    with connection.cursor() as cursor:
        # Small tables are read whole where they may be: only what cannot be had by an index is left.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries:
            found += _faults(cursor, query["sql"])
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found


def _faults(cursor, sql: str) -> list[str]:
    if not sql.startswith(("SELECT", "UPDATE", "DELETE")):
        return []
    analyze = "ANALYZE, " if sql.startswith("SELECT") else ""
    cursor.execute(f"EXPLAIN ({analyze}FORMAT JSON) {sql}")
    (plan,) = cursor.fetchone()[0]
    nodes = _nodes(plan["Plan"])
    return [f"{fault}: {sql}" for node in nodes for fault in [_fault(node)] if fault]


def _nodes(node):
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _fault(node) -> str:
    if node.get("Relation Name") not in GROWING:
        return ""
    kind = node["Node Type"]
    if kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in node):
        return f"{kind} of {node['Relation Name']}"
    read = (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 1)
    return f"{read} rows of {node['Relation Name']}" if read > MOST_ROWS else ""
