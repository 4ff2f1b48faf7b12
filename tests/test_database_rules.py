"""Every rule that stands in the database: what it refuses and what it lets through, past all our code.

The book's own rules (chairs, patients, numbers) have tests of their own in tests/scheduling.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from clinic.ids import new_id
from clinic.models import (
    AuditBlock,
    AuditEvent,
    Chair,
    Closure,
    Consent,
    IdempotencyRecord,
    Membership,
    OpeningHours,
    Patient,
    Shift,
    Site,
)
from monitoring.models import Alert, Checkpoint, DeviceUse, Observation, PreDose, TabletEntry
from notifications.models import Attempt, InboundMessage, Message
from scheduling.models import FrequencyDecision, Offer, OfferEvent, WaitlistEntry
from tests.database import one, refused, values, written_once
from tests.factories import MONDAY, make_course, make_patient, make_session, make_site, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
APPS = ("clinic", "scheduling", "monitoring", "notifications")


# -- clinic --


def test_site():
    rows = one(make_site())
    values("site_slot_divides_the_hour", rows, bad=[{"slot_minutes": 7}], good=[{"slot_minutes": 20}])
    values(
        "site_session_holds_observation",
        rows,
        bad=[{"session_minutes": 119}, {"observation_minutes": 151}],
        good=[{"session_minutes": 120}, {"session_minutes": 180, "observation_minutes": 180}],
    )
    values(
        "site_session_at_most_12_hours", rows, bad=[{"session_minutes": 721}], good=[{"session_minutes": 720}]
    )
    values(
        "site_calendar_names_known",
        rows,
        bad=[{"calendar_names": "all"}],
        good=[{"calendar_names": "nothing"}],
    )
    values(
        "site_observes_two_hours",
        rows,
        bad=[{"observation_minutes": 119}],
        good=[{"observation_minutes": 120}],
    )
    values(
        "site_nurse_has_a_patient", rows, bad=[{"patients_per_nurse": 0}], good=[{"patients_per_nurse": 1}]
    )


def test_chair_hours_closure():
    site, other = make_site(chairs=1), make_site(chairs=0)
    refused("chair_name_unique_at_site", lambda: Chair.objects.create(site=site, name="Chair 1"))
    Chair.objects.create(site=other, name="Chair 1")

    rows = one(OpeningHours.objects.filter(site=site).first())
    values("hours_weekday_known", rows, bad=[{"weekday": 7}], good=[{"weekday": 6}])
    values(
        "hours_close_after_opening",
        rows,
        bad=[{"closes": time(8)}, {"closes": time(7)}],
        good=[{"closes": time(8, 1)}, {"closes": time(0)}],
    )
    values(
        "hours_valid_until_after_from",
        rows,
        bad=[{"valid_from": date(2026, 3, 2), "valid_until": date(2026, 3, 1)}],
        good=[{"valid_from": date(2026, 3, 2), "valid_until": date(2026, 3, 2)}, {"valid_until": None}],
    )

    closure = Closure.objects.create(site=site, starts_at=MONDAY, ends_at=MONDAY + HOUR, reason="Snow")
    values(
        "closure_ends_after_it_starts",
        one(closure),
        bad=[{"ends_at": MONDAY}],
        good=[{"ends_at": MONDAY + timedelta(seconds=1)}],
    )
    chair, person = site.chairs.first(), make_user(site=site, role="nurse")
    values(
        "closure_of_chair_or_of_person",
        one(closure),
        bad=[{"chair": chair, "staff": person}],
        good=[{"chair": chair}, {"chair": None, "staff": person}],
    )


def test_shift_and_membership():
    site = make_site()
    nurse = make_user(site=site, role="nurse")
    weekly = Shift.objects.create(
        site=site, staff=nurse, role="nurse", weekday=0, starts=time(8), ends=time(16)
    )
    values("shift_role_known", one(weekly), bad=[{"role": "desk"}], good=[{"role": "prescriber"}])
    values(
        "shift_is_once_or_weekly",
        one(weekly),
        bad=[
            {"weekday": None},
            {"starts": None},
            {"weekday": 7},
            {"starts_at": MONDAY, "ends_at": MONDAY + HOUR},
            {"weekday": None, "starts": None, "ends": None, "starts_at": MONDAY, "ends_at": MONDAY},
        ],
        good=[
            {"ends": time(7)},
            {"weekday": None, "starts": None, "ends": None, "starts_at": MONDAY, "ends_at": MONDAY + HOUR},
        ],
    )
    member = Membership.objects.get(user=nurse)
    values("membership_role_known", one(member), bad=[{"role": "king"}], good=[{"role": "manager"}])
    refused(
        "membership_role_once_at_site",
        lambda: Membership.objects.create(user=nurse, site=site, role="manager"),
    )
    Membership.objects.create(user=nurse, site=make_site(), role="manager")


def test_patient_and_consent():
    patient = make_patient(site=make_site(), mrn="A1")
    refused("patient_mrn_unique_at_site", lambda: make_patient(site=patient.site, mrn="A1"))
    make_patient(site=make_site(), mrn="A1")
    rows = one(patient)
    values("patient_sex_known", rows, bad=[{"sex": "x"}], good=[{"sex": "female"}])
    values("patient_language_known", rows, bad=[{"language": "fr"}], good=[{"language": "es"}])
    values(
        "patient_detail_needs_texts",
        rows,
        bad=[{"detailed_texts": True, "texts_allowed": False}],
        good=[{"detailed_texts": True, "texts_allowed": True}, {"detailed_texts": False}],
    )
    consent = Consent.objects.create(patient=patient, kind="texts", given=True, method="paper")
    written_once("consent_written_once", consent)
    refused(
        "consent_kind_known",
        lambda: Consent.objects.create(patient=patient, kind="fax", given=True, method="paper"),
    )


def test_audit_and_idempotency():
    written_once("audit_written_once", AuditEvent.objects.create(action="tried"))
    block = AuditBlock.objects.create(number=1, last_event=new_id(), events=1, digest="d")
    written_once("audit_block_written_once", block)
    user = make_user()
    IdempotencyRecord.objects.create(user=user, key="k", request_digest="d")
    refused(
        "idempotency_key_once",
        lambda: IdempotencyRecord.objects.create(user=user, key="k", request_digest="e"),
    )
    IdempotencyRecord.objects.create(user=make_user(), key="k", request_digest="d")


# -- scheduling: decisions and the waitlist --


def test_frequency_decision():
    decision = FrequencyDecision.objects.create(
        course=make_course(),
        frequency="weekly",
        starts_on=MONDAY.date(),
        reason="x",
        decided_by="y",
        at=MONDAY,
    )
    written_once("frequency_decision_written_once", decision)

    def of(frequency):
        return lambda: FrequencyDecision.objects.create(
            course=decision.course,
            frequency=frequency,
            starts_on=MONDAY.date(),
            reason="x",
            decided_by="y",
            at=MONDAY,
        )

    refused("frequency_decision_frequency_known", of("daily"))
    of("biweekly")()


def test_waitlist():
    course = make_course()

    def entry():
        return WaitlistEntry.objects.create(course=course, site=course.site, added_at=MONDAY)

    rows = one(entry())
    values(
        "waitlist_notice_within_a_week",
        rows,
        bad=[{"notice_minutes": 10081}],
        good=[{"notice_minutes": 10080}],
    )
    refused("waitlist_once_a_course", entry)
    rows.update(removed_at=MONDAY)
    entry()


def test_offer():
    course = make_course()

    def offer(**fields):
        expires = {"offered_at": MONDAY, "expires_at": MONDAY + HOUR}
        place = {"site": course.site, "course": course, "number": 1, "starts_at": MONDAY}
        return Offer.objects.create(**{**place, **expires, **fields})

    made = offer()
    rows = one(made)
    values("offer_status_known", rows, bad=[{"status": "maybe"}], good=[{"status": "open"}])
    values(
        "offer_expires_after_it_is_made",
        rows,
        bad=[{"expires_at": MONDAY}],
        good=[{"expires_at": MONDAY + timedelta(seconds=1)}],
    )
    refused("offer_once_for_a_place", offer)
    offer(starts_at=MONDAY + HOUR)
    rows.update(status="declined")
    offer()
    event = OfferEvent.objects.create(offer=made, status="open", at=MONDAY)
    written_once("offer_event_written_once", event)


# -- monitoring --


@pytest.fixture
def nurse():
    return make_user()


@pytest.fixture
def observation():
    return Observation.objects.create(session=make_session())


def test_observation(observation, nurse):
    rows = one(observation)
    values(
        "observation_ready_with_who_and_when",
        rows,
        bad=[{"ready_at": MONDAY}, {"ready_by": nurse}],
        good=[{"ready_at": MONDAY, "ready_by": nurse}],
    )
    values(
        "observation_left_with_who_and_when",
        rows,
        bad=[{"left_at": MONDAY}, {"left_by": nurse}, {"left_at": MONDAY, "left_by": nurse}],
        good=[{"left_at": MONDAY, "left_by": nurse, "left_with_escort": False}],
    )
    gone = {"ready_at": None, "ready_by": None}
    values(
        "observation_early_leave_has_a_reason",
        rows,
        bad=[gone],
        good=[{**gone, "left_early_reason": "Walked out"}],
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Observation.objects.create(session=observation.session)


def test_pre_dose(observation, nurse):
    def make(version=1, **fields):
        usual = {"systolic": 120, "diastolic": 80, "heart_rate": 70, "spo2": 98}
        return PreDose.objects.create(
            observation=observation,
            version=version,
            measured_at=MONDAY,
            by=nurse,
            answers={},
            gates=[],
            may_dose=True,
            **{**usual, **fields},
        )

    written_once("pre_dose_written_once", make())
    refused("pre_dose_version_once", make)
    make(version=2, systolic=300, diastolic=200, heart_rate=250, spo2=100)
    for fields in ({"systolic": 39}, {"diastolic": 19}, {"systolic": 80, "diastolic": 80}, {"systolic": 301}):
        refused("pre_dose_pressure_possible", lambda fields=fields: make(version=3, **fields))
    for fields in ({"heart_rate": 19}, {"heart_rate": 251}, {"spo2": 49}, {"spo2": 101}):
        refused("pre_dose_vitals_possible", lambda fields=fields: make(version=3, **fields))


def test_device_use(observation, nurse):
    def make(number=1, **fields):
        return DeviceUse.objects.create(
            observation=observation,
            number=number,
            started_at=MONDAY,
            by=nurse,
            lot="L",
            expires_on=date(2028, 1, 1),
            **fields,
        )

    written_once("device_use_written_once", make())
    refused("device_use_version_once", make)
    refused("device_use_counts_from_one", lambda: make(number=0))
    refused("device_use_extra_has_witness", lambda: make(number=4, extra_reason="Dropped"))
    refused("device_use_extra_has_witness", lambda: make(number=4, witness="B. Hale"))
    make(number=4, extra_reason="Dropped", witness="B. Hale")
    refused("device_use_correction_has_a_reason", lambda: make(version=2))
    make(version=2, correction_reason="Wrong minute")


def test_checkpoint(observation, nurse):
    def make(**fields):
        usual = {"client_id": new_id(), "measured_at": MONDAY}
        return Checkpoint.objects.create(observation=observation, by=nurse, **{**usual, **fields})

    first = make(systolic=120, diastolic=80)
    written_once("checkpoint_written_once", first)
    refused("checkpoint_version_once", lambda: make(entry=first.entry))
    refused("checkpoint_client_id_once", lambda: make(client_id=first.client_id))
    refused("checkpoint_correction_has_a_reason", lambda: make(entry=first.entry, version=2))
    make(entry=first.entry, version=2, client_id=first.client_id, correction_reason="Wrong line")
    for fields in (
        {"systolic": 120},
        {"diastolic": 80},
        {"systolic": 80, "diastolic": 80},
        {"systolic": 301, "diastolic": 80},
    ):
        refused("checkpoint_pressure_possible", lambda fields=fields: make(**fields))
    edges = {
        "checkpoint_pulse": ("heart_rate", 20, 250),
        "checkpoint_spo2": ("spo2", 50, 100),
        "checkpoint_breathing": ("respiratory_rate", 2, 60),
        "checkpoint_sedation": ("sedation", 0, 5),
    }
    for name, (field, low, high) in edges.items():
        make(**{field: low})
        make(**{field: high})
        refused(name, lambda field=field, high=high: make(**{field: high + 1}))
        if low:
            refused(name, lambda field=field, low=low: make(**{field: low - 1}))
    refused("checkpoint_dissociation", lambda: make(dissociation="bit"))
    make(dissociation="moderate")


def test_alert(observation, nurse):
    source = new_id()

    def make(**fields):
        usual = {"source": source, "code": "bp", "level": "red", "detail": "x", "raised_at": MONDAY}
        return Alert.objects.create(
            observation=observation, site=observation.session.site, **{**usual, **fields}
        )

    rows = one(make())
    refused("alert_once_for_a_reading", make)
    make(source=new_id())
    values("alert_level_known", rows, bad=[{"level": "blue"}], good=[{"level": "amber"}])
    acknowledged = {"acknowledged_at": MONDAY, "acknowledged_by": nurse, "action": "Called"}
    values(
        "alert_acknowledged_with_who_when_and_what",
        rows,
        bad=[
            {**acknowledged, name: empty}
            for name, empty in (("acknowledged_at", None), ("acknowledged_by", None), ("action", ""))
        ],
        good=[acknowledged],
    )


def test_tablet_entry(observation, nurse):
    def make(**fields):
        usual = {"session": observation.session, "by": nurse, "kind": "checkpoint", "tapped_at": MONDAY}
        return TabletEntry.objects.create(id=new_id(), **{**usual, "digest": "0" * 64, **fields})

    written_once("tablet_entry_written_once", make(outcome="saved"))
    make(outcome="discarded", reason="Wrong chair")
    for fields in ({"outcome": "discarded"}, {"outcome": "saved", "reason": "x"}, {"outcome": "lost"}):
        refused("tablet_entry_discarded_with_a_reason", lambda fields=fields: make(**fields))


# -- notifications --


def test_message_and_attempt():
    session = make_session()
    usual = {
        "site": session.site,
        "patient": session.patient,
        "kind": "reminder",
        "rule": "days-1",
        "about_at": MONDAY,
        "language": "en",
        "to": "+16145550123",
        "body": "x",
        "due_at": MONDAY - HOUR,
        "expires_at": MONDAY,
    }
    message = Message.objects.create(session=session, **usual)
    refused("message_once_for_what_it_speaks_of", lambda: Message.objects.create(session=session, **usual))
    Message.objects.create(session=session, **{**usual, "about_at": MONDAY + HOUR})
    Message.objects.create(session=None, **usual)
    Message.objects.create(session=None, **usual)
    rows = one(message)
    values("message_status_known", rows, bad=[{"status": "lost"}], good=[{"status": "sent"}])
    values("message_kind_known", rows, bad=[{"kind": "poem"}], good=[{"kind": "moved"}])
    values(
        "message_expires_after_due", rows, bad=[{"expires_at": MONDAY - HOUR}], good=[{"expires_at": MONDAY}]
    )
    attempt = Attempt.objects.create(message=message, at=MONDAY, event="tried", status="sent")
    written_once("attempt_written_once", attempt)


def test_inbound(nurse):
    usual = {
        "from_number": "+16145550123",
        "received_at": datetime(2026, 3, 2, tzinfo=UTC),
        "meaning": "confirm",
    }
    row = InboundMessage.objects.create(provider_sid="SM1", **usual)
    with pytest.raises(IntegrityError), transaction.atomic():
        InboundMessage.objects.create(provider_sid="SM1", **usual)
    values("inbound_meaning_known", one(row), bad=[{"meaning": "joke"}], good=[{"meaning": "stop"}])
    values(
        "inbound_handled_with_when_and_what",
        one(row),
        bad=[{"handled_at": MONDAY}, {"handled_by": nurse}, {"done": "Called"}],
        good=[
            {"handled_at": MONDAY, "handled_by": nurse, "done": "Called"},
            {"handled_by": None, "done": "Moved"},
        ],
    )
    values(
        "inbound_owned_with_who_and_when",
        one(row),
        bad=[{"owner": nurse}, {"owned_at": MONDAY}],
        good=[{"owner": nurse, "owned_at": MONDAY}],
    )


def test_no_rule_is_without_a_test():
    """A new constraint needs its two sides, here or beside the tests of its app."""
    tested = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))
    names = {
        c.name for app in APPS for m in apps.get_app_config(app).get_models() for c in m._meta.constraints
    }
    assert {name for name in names if name not in tested} == set()


def _delete_now(row):
    type(row)._base_manager.filter(pk=row.pk)._raw_delete("default")
    connection.check_constraints()


def test_site_and_patient_are_never_deleted_from_under_their_rows():
    session = make_session()
    for row in (session.patient, session.site, session.course):
        with pytest.raises(IntegrityError), transaction.atomic():
            _delete_now(row)
    assert Patient.objects.filter(pk=session.patient_id).exists()
    assert Site.objects.filter(pk=session.site_id).exists()
