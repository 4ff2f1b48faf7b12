"""Whatever is sent to any operation: never a 500, and every refusal in the one shape."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.api_root import api
from tests.api.client import team
from tests.factories import make_course, make_patient, make_session, make_staffed_site

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PROBLEM = "application/problem+json"
CALM = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\x00", "\ud800", "a" * 3000, "2026-03-02", "2026-03-02T09:00:00-05:00", "25:61", "09:00"]
    ),
    st.sampled_from(
        ["0000-00-00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "this", "trd", "patient"]
    ),
)
numbers = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.sampled_from([0, 1, 28, 56, 84, 120, -1])
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
anything = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3))
)


# Made anew each time it is asked for, which takes longer than a request.
SCHEMA = api.get_openapi_schema()


def _operations():
    for path, methods in SCHEMA["paths"].items():
        for method, operation in methods.items():
            if method in ("post", "patch", "put"):
                yield pytest.param(path.removeprefix("/api/v1"), method, operation, id=f"{method} {path}")


def _fields(operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = SCHEMA["components"]["schemas"].get(name, {})
    return sorted(schema.get("properties", {}))


@pytest.fixture
def world():
    site = make_staffed_site()
    patient = make_patient(site=site)
    course = make_course(site=site, patient=patient)
    session = make_session(course=course)
    ids = {"site_id": site.pk, "patient_id": patient.pk, "course_id": course.pk, "session_id": session.pk}
    known = {"site": str(site.pk), "patient": str(patient.pk), "chair": str(session.chair_id)}
    return team(site), ids, known


@pytest.mark.parametrize(("path", "method", "operation"), list(_operations()))
@settings(max_examples=25, deadline=None, suppress_health_check=CALM)
@given(data=st.data())
def test_no_body_breaks_an_operation(world, path, method, operation, data):
    apis, ids, known = world
    body = data.draw(
        st.fixed_dictionaries({}, optional=dict.fromkeys(_fields(operation), anything))
        if _fields(operation)
        else anything
    )
    if isinstance(body, dict) and data.draw(st.booleans()):
        body |= {name: value for name, value in known.items() if name in body}
    address = path.format_map(_Ids(ids))

    answer = apis[data.draw(st.sampled_from(sorted(apis)))].send(method, address, json.dumps(body))

    assert answer.status < 500, (address, body)
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == PROBLEM
        assert answer.body["status"] == answer.status


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/sessions", ["site", "date", "patient", "course", "cursor"]),
        ("/patients", ["q", "cursor"]),
        ("/messages", ["patient", "session", "status", "cursor"]),
        ("/alerts", ["site", "open", "cursor"]),
        ("/sites/{site_id}/openings", ["from", "to", "cursor"]),
        ("/sites", ["cursor"]),
    ],
)
@settings(max_examples=25, deadline=None, suppress_health_check=CALM)
@given(data=st.data())
def test_no_query_breaks_a_list(world, path, names, data):
    apis, ids, _known = world
    values = data.draw(
        st.fixed_dictionaries(
            {}, optional={name: texts.filter(lambda t: "\ud800" not in t) for name in names}
        )
    )
    answer = apis["manager"].get(path.format_map(_Ids(ids)), **values)
    assert answer.status < 500, values
    assert answer.status == 200 or answer.headers["Content-Type"] == PROBLEM


class _Ids(dict):
    """Those of the world, and an unknown one for any other."""

    def __missing__(self, name):
        return "01a20d46-fc5f-70f1-a006-0f8a625e4ec2"

    def __getitem__(self, name):
        return str(super().__getitem__(name)) if name in self else self.__missing__(name)
