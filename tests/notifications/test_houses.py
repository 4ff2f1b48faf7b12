"""A site's rules and words, kept in memory while the site's mark stands."""

from datetime import time

import pytest

from clinic.models import House
from notifications import houses, timing
from notifications.models import ReminderRule, TextPolicy, Wording
from tests.factories import make_staffed_site

pytestmark = pytest.mark.django_db


def mark_of(site):
    return House.objects.values_list("mark", flat=True).get(site=site)


def test_a_house_is_read_once_for_its_mark(django_assert_num_queries):
    site = make_staffed_site()
    mark = mark_of(site)
    with django_assert_num_queries(3):
        assert houses.at(site.pk, mark).rules == timing.DEFAULT_RULES
    with django_assert_num_queries(0):
        houses.at(site.pk, mark)


def test_every_change_of_a_rule_or_of_words_is_seen():
    """rule_marks_house, wording_marks_house, policy_marks_house."""
    site = make_staffed_site()
    seen = {mark_of(site)}
    rule = ReminderRule.objects.create(site=site, name="1d", told="reminder", days=1, at=time(9))
    assert [r.days for r in houses.at(site.pk, mark_of(site)).rules] == [1]
    seen.add(mark_of(site))
    ReminderRule.objects.filter(pk=rule.pk).update(days=2)
    assert [r.days for r in houses.at(site.pk, mark_of(site)).rules] == [2]
    seen.add(mark_of(site))
    words = Wording.objects.create(site=site, kind="booked", language="en", text="See you.")
    assert houses.at(site.pk, mark_of(site)).words == {("booked", "en"): "See you."}
    seen.add(mark_of(site))
    words.delete()
    assert houses.at(site.pk, mark_of(site)).words == {}
    seen.add(mark_of(site))
    TextPolicy.objects.create(site=site, page_links=False)
    assert not houses.at(site.pk, mark_of(site)).page_links
    seen.add(mark_of(site))
    assert len(seen) == 6


def test_a_site_without_a_mark_is_read_each_time(django_assert_num_queries):
    site = make_staffed_site()
    for _time in range(2):
        with django_assert_num_queries(3):
            houses.at(site.pk, None)
