"""`among` finds what `in` finds, however many there are."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.ids import new_id
from clinic.models import Chair, Patient, Site
from tests.factories import make_patient, make_site


@pytest.mark.django_db
def test_rows_are_those_of_in():
    sites = [make_site(chairs=number) for number in (1, 2, 3)]
    some = [sites[0].pk, sites[2].pk, sites[2].pk, new_id()]
    assert set(Site.objects.filter(pk__among=some)) == {sites[0], sites[2]}
    assert set(Site.objects.exclude(pk__among=map(str, some))) == {sites[1]}
    assert Chair.objects.filter(site__pk__among=some, active=True).count() == 4
    assert Site.objects.filter(pk__among=[new_id() for _ in range(1500)]).count() == 0
    assert Site.objects.filter(pk__among=some).update(alias="one of them") == 2


@pytest.mark.django_db
def test_words_and_numbers_are_values_as_well():
    site = make_site()
    patients = [make_patient(site=site) for _ in range(3)]
    names = {patients[0].family_name, 'it\'s \\ {a}, "b" NULL'}
    assert list(Patient.objects.filter(family_name__among=names)) == list(
        Patient.objects.filter(family_name__in=names)
    )
    assert Patient.objects.filter(phone__among=[str(patients[1].phone), None]).get() == patients[1]
    assert Chair.objects.filter(position__among=[0, 1]).count() == Chair.objects.count()


@pytest.mark.django_db
def test_nothing_asks_nothing_and_nonsense_is_refused():
    with CaptureQueriesContext(connection) as asked:
        assert not Site.objects.filter(pk__among=[])
        assert not Site.objects.filter(pk__among=[None])
    assert not asked.captured_queries
    with pytest.raises(ValidationError):
        Site.objects.filter(pk__among=["no id"]).first()
