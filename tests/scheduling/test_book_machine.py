"""Whatever people do to the book, in whatever order: no rule is broken, no session is lost, all of it is told.

The verbs are the real ones; the judge is `referee`, which shares no rule with them. Every example is a transaction of
its own that is rolled back. HYPOTHESIS_PROFILE=long looks further.
"""

import os
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from clinic import places
from clinic.models import Closure, Shift
from monitoring.chairside import arrive
from scheduling import answers, booking, courses, decisions, moving, moving_back, offers, replanning, waitlist
from scheduling.booking import Placement
from scheduling.models import Course, Offer, TreatmentSession, WaitlistEntry
from scheduling.statuses import change_status
from tests.scheduling.stage import DAY, HOUSE, Stage, build

MOST_EXAMPLES = 10
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
which, offset = st.integers(0, 40), st.integers(-1, 24)
half_hours = st.sampled_from([time(hour, minute) for hour in range(7, 17) for minute in (0, 30)])
at_night = st.sampled_from([None, None, None, time(0, 30), time(1, 30), time(22), time(23, 30)])


class TheBook(Stage):
    # Time goes by.

    @rule(hours=st.sampled_from([1, 5, 24, 24, 72]))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    # Booking and moving.

    @rule(index=which, until=st.sampled_from(["induction", "week8", "maintenance"]), most=st.integers(1, 12))
    def book_plan(self, index, until, most):
        course = self.course(index)
        plan = courses.plan_course(course=course, until=until, now=self.now).plan.sessions[:most]
        chosen = [Placement(s.number, s.start, s.chair) for s in plan]
        override = {"beyond_label": "Asked for"} if index % 3 else {}
        booked = self.do(booking.book_course, course=course, sessions=chosen, override=override)
        wants_reason = course.indication == "mdsi" and until != "induction"
        if chosen and course.status in ("planned", "active") and not wants_reason:
            assert booked, "what was planned cannot be booked"

    @rule(index=which, number=st.integers(1, 14), days=offset, at=half_hours, night=at_night, chair=which)
    def book_one(self, index, number, days, at, night, chair):
        course = self.course(index)
        chairs = [None, *course.site.chairs.values_list("pk", flat=True)]
        start = self.start(course.site, days, at, night)
        wish = [Placement(number, start, chairs[chair % len(chairs)])]
        self.do(booking.book_course, course=course, sessions=wish, override={"beyond_label": "Asked for"})

    @rule(
        index=which, days=offset, at=half_hours, night=at_night, scope=st.sampled_from(["this", "following"])
    )
    def move(self, index, days, at, night, scope):
        session = self.session(index)
        start = self.start(session.site, days, at, night)
        past = session.course.sessions.filter(starts_at__gte=session.starts_at)
        what = {"session": session, "starts_at": start, "scope": scope}
        self.do(moving.move_session, past=past, override={"beyond_label": "Asked for"}, **what)

    @rule(index=which)
    def move_back(self, index):
        session = self.session(index)
        before = {pk: row for pk, row in self.book.rows.items() if row.course == session.course_id}
        moved = self.do(moving_back.move_back, session=session, past=session.course.sessions.all())
        if moved:
            assert session.pk in {row.pk for row in moved}
            assert {pk for pk, row in before.items() if self.book.rows[pk] != row} <= {
                row.pk for row in moved
            }

    # What becomes of a session.

    @rule(index=which, who=st.sampled_from(["patient", "clinic"]))
    def cancel(self, index, who):
        session = self.session(index)
        said = {"reason": "Ill", "cancelled_by": who}
        self.do(answers.cancel_session, session=session, past=[session], **said)

    @rule(index=which, verb=st.sampled_from([answers.mark_no_show, answers.undo, answers.confirm_session]))
    def settle(self, index, verb):
        session = self.session(index)
        self.do(verb, session=session, past=[session])

    @rule(index=which, far=st.integers(1, 5))
    def treat(self, index, far):
        """The patient comes, and goes as far as `far` of the way."""
        session = self.session(index)
        self.do(arrive, session=session, past=[session])
        for to in ("dosing", "observing", "ready", "completed")[: far - 1]:
            self.do(change_status, session=session, to=to, past=[session])

    # What happens to the house.

    @rule(index=which, days=offset, hours=st.sampled_from([(0, 24), (12, 14), (0, 60)]), chair=which)
    def close(self, index, days, hours, chair):
        site = self.site(index)
        chairs = [None, *site.chairs.all()]
        span = self.span(site, days, hours)
        self.do(places.close, site=site, chair=chairs[chair % len(chairs)], reason="Snow", **span)

    @rule(index=which, days=offset)
    def plan_the_day_again(self, index, days):
        site = self.site(index)
        day = self.start(site, days, time(12), None).astimezone(site.tz).date()
        self.do(replanning.replan_day, site=site, day=day)

    @precondition(lambda self: Closure.objects.exists())
    @rule()
    def reopen(self):
        self.do(places.reopen, closure=Closure.objects.order_by("pk").last())

    @rule(index=which)
    def drop_a_shift(self, index):
        shifts = Shift.objects.filter(site=HOUSE.sites[0]).order_by("pk")
        if shifts.count() > 8:
            self.do(places.remove_shift, shift=shifts[index % shifts.count()])

    @rule(days=offset, role=st.sampled_from(["nurse", "prescriber"]))
    def add_a_shift(self, days, role):
        staff = Shift.objects.filter(site=HOUSE.sites[0], role=role).order_by("pk").first()
        if staff:
            span = self.span(HOUSE.sites[0], days, (7, 15))
            self.do(places.add_shift, site=HOUSE.sites[0], role=role, staff=staff.staff, **span)

    @rule(index=which, active=st.booleans())
    def take_a_chair_out_of_use(self, index, active):
        chair = HOUSE.sites[0].chairs.order_by("position")[index % 3]
        self.do(places.change_chair, chair=chair, name=chair.name, active=active)

    # What is decided about a course.

    @rule(
        index=which,
        verb=st.sampled_from(
            [decisions.pause_course, decisions.resume_course, decisions.resume_course, decisions.stop_course]
        ),
    )
    def decide(self, index, verb):
        self.do(verb, course=self.course(index), reason="Decided")

    @rule(index=which, days=offset, often=st.sampled_from(["twice_weekly", "weekly", "biweekly"]))
    def change_frequency(self, index, days, often):
        course = self.course(index)
        most = self._highest(course)
        said = {"frequency": often, "reason": "Decided", "decided_by": "Dr. Who"}
        starts_on = self.now.date() + days * DAY
        self.do(decisions.change_frequency, course=course, starts_on=starts_on, **said)
        if course.indication == "mdsi":
            assert self._highest(course) <= max(8, most), "beyond what was studied"

    def _highest(self, course):
        return max((r.number for r in self.book.rows.values() if r.course == course.pk), default=0)

    @rule(index=which, days=st.integers(0, 40))
    def extend(self, index, days):
        until = self.now.date() + days * DAY
        said = {"reason": "Decided", "decided_by": "Dr. Who"}
        self.do(decisions.extend_course, course=self.course(index), until=until, **said)

    # Freed chairs.

    @precondition(lambda self: WaitlistEntry.objects.exists())
    @rule(index=which)
    def off_the_list(self, index):
        entries = WaitlistEntry.objects.order_by("pk")
        self.do(waitlist.remove_from_waitlist, entry=entries[index % entries.count()])

    @rule(index=which)
    def offer_a_freed_chair(self, index):
        """Somebody cannot come, and everybody else would come sooner."""
        site = self.site(index)
        soon = [pk for pk in self.order if self._may_be_given_up(self.book.rows[pk], site)]
        if soon:
            session = TreatmentSession.objects.get(pk=soon[index % len(soon)])
            self.do(answers.cancel_session, session=session, reason="Ill", cancelled_by="patient")
        for course in self.courses:
            fresh = Course.objects.get(pk=course.pk)
            self.do(waitlist.add_to_waitlist, course=fresh, notice_minutes=30 * (index % 3))
        for place in waitlist.freed_places(site, now=self.now)[:2]:
            for found in waitlist.candidates(site, place.starts_at, now=self.now):
                course = Course.objects.get(pk=found.entry.course_id)
                self.do(offers.make_offer, course=course, starts_at=place.starts_at)

    def _may_be_given_up(self, row, site):
        return (
            row.site == site.pk and row.status == "booked" and self.now < row.starts_at < self.now + 9 * DAY
        )

    @precondition(lambda self: self.book.offers)
    @rule(index=which, yes=st.sampled_from([True, True, False]))
    def answer_an_offer(self, index, yes):
        every = Offer.objects.order_by("pk")
        offer = every[index % every.count()]
        was, before = offer.status, self.book
        verb = offers.accept_offer if yes else offers.decline_offer
        session = self.do(verb, offer=offer, settles=True)
        if session:
            assert (was, yes) == ("open", True)
            assert self.book.rows[session.pk].starts_at == offer.starts_at
            changed = {k for k, r in self.book.rows.items() if before.rows.get(k) != r and r.holds}
            assert session.pk in changed
        elif yes:
            assert {k: r.place for k, r in before.rows.items()} == {
                k: r.place for k, r in self.book.rows.items()
            }


@pytest.mark.django_db
@pytest.mark.search
def test_nothing_that_people_do_breaks_the_book():
    build()
    size = (
        {"max_examples": 400, "stateful_step_count": 60}
        if LONG
        else {"max_examples": int(os.environ.get("BOOKS", "14"))}
    )
    run_state_machine_as_test(
        TheBook,
        settings=settings(
            deadline=None, suppress_health_check=list(HealthCheck), **{"stateful_step_count": 25, **size}
        ),
    )
