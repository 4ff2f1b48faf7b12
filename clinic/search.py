"""Finding a patient by what they say on the telephone: name, record number, birth date, telephone."""

import re
from datetime import date, datetime

from django.db.models import Q

from clinic.models import Patient

MOST = 20


def find(patients, words: str):
    """Those of the queryset who match every word; at most twenty, by name."""
    found = patients
    for word in words.split()[:6]:
        found = found.filter(_matches(word))
    return found.order_by("family_name", "given_name", "pk") if words.strip() else Patient.objects.none()


def _matches(word: str) -> Q:
    query = Q(family_name__icontains=word) | Q(given_name__icontains=word) | Q(mrn__icontains=word)
    born = _date(word)
    if born:
        query |= Q(birth_date=born)
    digits = re.sub(r"\D", "", word)
    if len(digits) >= 4:
        query |= Q(phone__contains=digits)
    return query


def _date(word: str) -> date | None:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y"):
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007 - a birth date has no zone
        except ValueError:
            continue
    return None
