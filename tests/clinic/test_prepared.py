"""A prepared queryset answers as the queryset does, whatever the values, and keeps what it must not forget."""

import contextlib
from datetime import timedelta

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import CharField, Q, UUIDField
from django.db.transaction import TransactionManagementError

from clinic.ids import new_id
from clinic.models import Chair, Closure, Patient
from clinic.prepared import Insert, InsertTogether, Param, Prepared, UpdateEach, ask_together
from scheduling.models import Course
from tests.factories import MONDAY, make_course, make_patient, make_site


@pytest.mark.django_db
def test_rows_are_those_of_the_queryset_for_each_value():
    chairs = Prepared(Chair.objects.filter(site_id=Param("site", UUIDField())))
    for site in (make_site(chairs=2), make_site(chairs=3), make_site(chairs=0)):
        assert chairs(site=site.pk) == list(site.chairs.all())


@pytest.mark.django_db
def test_related_rows_and_values_come_in_their_own_types():
    course = make_course()
    by_id = Prepared(Course.objects.select_related("site", "patient").filter(pk=Param("pk", UUIDField())))
    found = by_id.one(pk=course.pk)
    assert (found.site, found.patient, found.weekdays) == (course.site, course.patient, course.weekdays)
    assert found.created_at == course.created_at
    flat = Prepared(Course.objects.filter(pk=Param("pk", UUIDField())).values_list("starts_on", flat=True))
    assert flat(pk=course.pk) == [course.starts_on]


@pytest.mark.django_db
def test_a_value_may_stand_in_several_places_and_is_never_sql():
    site = make_site()
    odd = make_patient(site=site, family_name="O'Hara %s; --")
    make_patient(site=site)
    named = Prepared(
        Patient.objects.filter(
            Q(family_name=Param("name", CharField())) | Q(given_name=Param("name", CharField()))
        )
    )
    assert named(name=odd.family_name) == [odd]
    assert named.one(name="' OR 1=1 --") is None


@pytest.mark.django_db
def test_a_missing_value_is_an_error():
    chairs = Prepared(Chair.objects.filter(site_id=Param("site", UUIDField())))
    with pytest.raises(KeyError):
        chairs(place=make_site().pk)


@pytest.mark.django_db(transaction=True)
def test_a_lock_wants_a_transaction():
    course = make_course()
    held = Prepared(Course.objects.select_for_update().filter(pk=Param("pk", UUIDField())))
    with pytest.raises(TransactionManagementError):
        held(pk=course.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_are_inserted_as_bulk_create_does(count):
    site = make_site(chairs=0)
    new = [Chair(site=site, name=f"O'Hara %s {number}", position=number) for number in range(count)]
    Insert(Chair)(new)
    assert list(site.chairs.order_by("position")) == new
    assert not any(chair._state.adding for chair in new)
    for chair in new:
        chair.name += " changed"
        chair.save()
    assert site.chairs.count() == count


@pytest.mark.django_db
def test_values_of_every_kind_come_back():
    course = make_course(overrides={"gap": {"reason": "naïve 'quote'"}})
    kept = {field.attname: getattr(course, field.attname) for field in Course._meta.concrete_fields}
    kept |= {"id": new_id(), "status": "stopped"}
    Insert(Course)([Course(**kept)])
    found = Course.objects.get(pk=kept["id"])
    assert {field.attname: getattr(found, field.attname) for field in Course._meta.concrete_fields} == kept


@pytest.mark.django_db
def test_many_rows_are_several_statements_and_all_or_none(monkeypatch):
    monkeypatch.setattr(Insert, "MOST_ROWS", 2)
    site = make_site(chairs=0)
    Insert(Chair)([Chair(site=site, name=str(number), position=number) for number in range(5)])
    assert site.chairs.count() == 5
    twice = Chair(site=site, name="0", position=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        Insert(Chair)([Chair(site=site, name=str(number), position=number) for number in (6, 7)] + [twice])
    assert site.chairs.count() == 5


@pytest.mark.django_db(transaction=True)
def test_several_statements_want_a_transaction(monkeypatch):
    monkeypatch.setattr(Insert, "MOST_ROWS", 2)
    site = make_site(chairs=0)
    with pytest.raises(TransactionManagementError):
        Insert(Chair)([Chair(site=site, name=str(number), position=number) for number in range(3)])
    assert site.chairs.count() == 0


@pytest.mark.django_db
def test_each_row_gets_its_own_value_and_the_others_stay(monkeypatch):
    monkeypatch.setattr(UpdateEach, "MOST_ROWS", 2)
    site = make_site(chairs=4)
    first, second, third, other = site.chairs.order_by("position")
    update = UpdateEach(Chair, "name", "active", "position")
    update(
        {first.pk: "O'Hara %s", str(second.pk): "B", third.pk: "C", new_id(): "D"}, active=False, position=7
    )
    found = {chair.pk: (chair.name, chair.active, chair.position) for chair in site.chairs.all()}
    assert found == {
        first.pk: ("O'Hara %s", False, 7),
        second.pk: ("B", False, 7),
        third.pk: ("C", False, 7),
        other.pk: (other.name, True, other.position),
    }
    update({}, active=True, position=1)
    assert site.chairs.filter(active=False).count() == 3


@pytest.mark.django_db
def test_a_value_that_is_too_long_is_refused_and_not_cut():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no lengths")
    site = make_site(chairs=1)
    with pytest.raises(DataError), transaction.atomic():
        UpdateEach(Chair, "name")({site.chairs.get().pk: "x" * 500})


@pytest.mark.django_db(transaction=True)
def test_several_updates_want_a_transaction(monkeypatch):
    monkeypatch.setattr(UpdateEach, "MOST_ROWS", 1)
    site = make_site(chairs=2)
    with pytest.raises(TransactionManagementError):
        UpdateEach(Chair, "name")({chair.pk: f"Other {chair.position}" for chair in site.chairs.all()})


def kept_plans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%clinic_chair%'")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_postgresql_plans_a_query_and_an_insert_once_in_a_connection(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's plans are PostgreSQL's")
    connection.close()
    chairs, insert = Prepared(Chair.objects.filter(site_id=Param("site", UUIDField()))), Insert(Chair)
    for number in range(3):
        site = make_site(chairs=0)
        insert([Chair(site=site, name="A", position=number)])
        assert [chair.position for chair in chairs(site=site.pk)] == [number]
    assert kept_plans() == 2
    # A pooler that hands out another connection for each transaction wants none (DATABASE_PREPARE=0).
    connection.close()
    monkeypatch.delitem(connection.settings_dict["OPTIONS"], "prepare_threshold")
    assert chairs(site=site.pk)
    assert kept_plans() == 0


@pytest.mark.django_db(transaction=True)
def test_two_rows_are_written_together_or_not_at_all():
    site, together = make_site(chairs=0), InsertTogether(Chair, Closure)
    when = {"starts_at": MONDAY, "ends_at": MONDAY + timedelta(hours=1)}
    chair, closure = Chair(site=site, name="O'Hara %s", position=1), Closure(site=site, reason="Snow", **when)
    with pytest.raises(TransactionManagementError):
        together(chair, closure)
    with transaction.atomic():
        together(chair, closure)
    assert (list(site.chairs.all()), list(site.closures.all())) == ([chair], [closure])
    assert not chair._state.adding
    assert not closure._state.adding
    backwards = Closure(site=site, reason="Snow", starts_at=MONDAY, ends_at=MONDAY - timedelta(hours=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        together(Chair(site=site, name="B", position=2), backwards)
    assert site.chairs.get() == chair


@pytest.mark.django_db(transaction=True)
def test_several_questions_are_answered_in_their_order_and_a_fault_is_djangos():
    sites = [make_site(chairs=1), make_site(chairs=2)]
    chairs = Prepared(Chair.objects.filter(site_id=Param("site", UUIDField())).order_by("position"))
    asked = [(chairs, {"site": site.pk}) for site in sites]
    assert ask_together(*asked) == [list(site.chairs.order_by("position")) for site in sites]
    held = Prepared(Course.objects.select_for_update().filter(pk=Param("pk", UUIDField())))
    with pytest.raises(TransactionManagementError):
        ask_together((held, {"pk": new_id()}), *asked)
    if connection.vendor == "postgresql":
        wrong = Prepared(Chair.objects.filter(name=Param("name", CharField())))
        with pytest.raises(DataError), transaction.atomic():
            ask_together((wrong, {"name": "\0"}), *asked)
    with transaction.atomic():
        assert ask_together((held, {"pk": new_id()}), *asked)[1:] == ask_together(*asked)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_begins_with_several_questions_is_whole():
    site = make_site(chairs=1)
    chairs = Prepared(Chair.objects.filter(site_id=Param("site", UUIDField())))

    def asked_and_written(name: str) -> None:
        (before,) = ask_together((chairs, {"site": site.pk}))
        site.chairs.create(name=name, position=len(before) + 1)

    @transaction.atomic
    def half_done() -> None:
        asked_and_written("B")
        with transaction.atomic():
            asked_and_written("C")
        assert site.chairs.count() == 3
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert site.chairs.count() == 1
    assert connection.get_autocommit()
    with transaction.atomic():
        asked_and_written("B")
        with connection.cursor() as cursor, contextlib.suppress(DatabaseError), transaction.atomic():
            cursor.execute("SELECT nothing")
        asked_and_written("C")
    assert site.chairs.count() == 3
