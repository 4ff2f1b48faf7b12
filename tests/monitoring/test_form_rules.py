"""The monitoring form's rules, at each limit and one to either side."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitoring import form_definitions, form_rules
from monitoring.form_definitions import Field
from monitoring.form_derived import Asked, Facts, Given, Signed, derive
from monitoring.form_rules import Known
from monitoring.limits import Limits
from monitoring.safety import Reading

FRIDAY = date(2026, 3, 6)
T0 = datetime(2026, 3, 6, 15, tzinfo=UTC)
DEFINITION = form_definitions.for_day(FRIDAY)


def test_a_fridays_form_is_due_the_next_friday():
    assert form_rules.due_on(FRIDAY) == date(2026, 3, 13)
    assert form_rules.due_on(FRIDAY).weekday() == FRIDAY.weekday()


@pytest.mark.parametrize(
    ("days", "late"), [(-1, False), (0, False), (6, False), (7, False), (8, True), (30, True)]
)
def test_the_seventh_day_is_in_time_and_the_eighth_is_late(days, late):
    day = FRIDAY + timedelta(days=days)
    assert (form_rules.age(FRIDAY, day), form_rules.is_late(FRIDAY, day)) == (days, late)


def test_due_across_the_end_of_a_year_and_a_leap_day():
    assert form_rules.due_on(date(2026, 12, 28)) == date(2027, 1, 4)
    assert form_rules.due_on(date(2028, 2, 25)) == date(2028, 3, 3)


# -- the definition --


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2024, 12, 31), date(2026, 3, 6)])
def test_a_day_has_its_version_and_days_before_the_first_have_the_first(day):
    assert form_definitions.for_day(day).version == "2024-12-31"


def test_a_newer_version_holds_from_its_own_day(monkeypatch):
    newer = replace(DEFINITION, version="2026-03-06", valid_from=FRIDAY)
    monkeypatch.setattr(form_definitions, "all_versions", lambda: (DEFINITION, newer))
    assert form_definitions.for_day(FRIDAY - timedelta(days=1)).version == "2024-12-31"
    assert form_definitions.for_day(FRIDAY).version == "2026-03-06"
    assert form_definitions.by_version("2026-03-06") is newer


def test_every_version_of_ours_is_named_by_its_day_and_has_a_source():
    for definition in form_definitions.all_versions():
        assert definition.version == definition.valid_from.isoformat()
        assert definition.source


def test_a_definition_with_mistakes_names_all_of_them():
    data = {
        "version": "x",
        "valid_from": "2026-01-01",
        "title": "T",
        "source": "S",
        "note": "",
        "sections": [
            {
                "title": "A",
                "fields": [
                    {"code": "a", "label": "A", "type": "text"},
                    {"code": "a", "label": "A", "type": "poem"},
                    {"code": "b", "label": "B", "type": "choice"},
                    {"code": "c", "label": "C", "type": "text", "when": ["nobody", "yes"]},
                ],
            }
        ],
    }
    with pytest.raises(
        ValueError, match=r"a stands twice; a: unknown type poem; b: no choices; c: asked when"
    ):
        form_definitions.read(json.dumps(data))


# -- answers --

NUMBER = Field("n", "N", "number", low=1, high=140)
SEVERAL = Field("s", "S", "several", choices=(("a", "A"), ("b", "B")))


@pytest.mark.parametrize(
    ("field", "raw", "kept"),
    [
        (NUMBER, 1, 1),
        (NUMBER, 140, 140),
        (NUMBER, " 12 ", 12),
        (NUMBER, "", None),
        (NUMBER, None, None),
        (SEVERAL, [], []),
        (SEVERAL, ["b", "a"], ["a", "b"]),
        (Field("t", "T", "text", most=3), " abc ", "abc"),
        (Field("t", "T", "text"), "   ", None),
        (Field("e", "E", "email"), "a@b.org", "a@b.org"),
        (Field("d", "D", "date"), "2026-03-06", "2026-03-06"),
        (Field("c", "C", "choice", choices=(("x", "X"),)), "x", "x"),
        (Field("p", "P", "pressure"), " 128 / 80 ", "128/80"),
        (Field("p", "P", "pressure"), "40/20", "40/20"),
        (Field("p", "P", "pressure"), "300/200", "300/200"),
    ],
)
def test_an_answer_that_can_be(field, raw, kept):
    assert form_rules.read_answer(field, raw) == (kept, "")


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (NUMBER, 0),
        (NUMBER, 141),
        (NUMBER, True),
        (NUMBER, 1.5),
        (NUMBER, "1e3"),
        (NUMBER, "²"),
        (NUMBER, [1]),
        (SEVERAL, ["c"]),
        (SEVERAL, "a"),
        (SEVERAL, [["a"]]),
        (Field("t", "T", "text", most=3), "abcd"),
        (Field("t", "T", "text"), 5),
        (Field("e", "E", "email"), "a@b"),
        (Field("e", "E", "email"), "a b@c.org"),
        (Field("d", "D", "date"), "06.03.2026"),
        (Field("d", "D", "date"), "0001-01-01"),
        (Field("y", "Y", "yes_no", choices=form_definitions.YES_NO), "maybe"),
        (Field("p", "P", "pressure"), "128"),
        (Field("p", "P", "pressure"), "39/20"),
        (Field("p", "P", "pressure"), "301/80"),
        (Field("p", "P", "pressure"), "128/19"),
        (Field("p", "P", "pressure"), "80/80"),
        (Field("p", "P", "pressure"), "80/120"),
    ],
)
def test_an_answer_that_cannot_be(field, raw):
    kept, wrong = form_rules.read_answer(field, raw)
    assert kept is None
    assert wrong


# -- what the record answers --


def reading(minute, **values):
    calm = {"systolic": 126, "diastolic": 78, "heart_rate": 72, "spo2": 98, "respiratory_rate": 14}
    signs = {**calm, "sedation": 5, "dissociation": "none", **values}
    at = T0 + timedelta(minutes=minute)
    return Signed(Reading(measured_at=at, **signs), "Nora Nurse", minute)


BEFORE = Asked(Reading(T0 - timedelta(minutes=5), 120, 76, 70, 98), "Nora Nurse", ())
FACTS = Facts(
    session_on=FRIDAY,
    words={
        "first_name": "Avery",
        "last_name": "Stone",
        "birth_date": "1980-01-01",
        "sex": "female",
        "clinician_name": "Nora Nurse",
        "clinician_phone": "+16145550101",
        "clinician_email": "nora@clinic.example",
        "setting_name": "Riverside",
        "setting_address": "1 Main Street",
    },
    written_at=T0,
    limits=Limits(),
    first_treatment=True,
    enrolled=True,
    clinician="Nora Nurse",
    before=BEFORE,
    devices=(Given(T0, "L1", "Nora Nurse"), Given(T0 + timedelta(minutes=5), "L2", "Nora Nurse")),
    readings=(
        reading(15, dissociation="mild"),
        reading(40, sedation=4, dissociation="moderate", systolic=144, diastolic=88),
        reading(60, dissociation="mild"),
        reading(90),
        reading(120, systolic=124),
    ),
    ended_at=T0 + timedelta(minutes=122),
    escort=True,
)


def values(facts):
    return {code: known.value for code, known in derive(facts).items()}


def test_a_usual_session_answers_all_but_what_only_a_person_can_say():
    items = form_rules.filled(DEFINITION, derive(FACTS), {})
    assert [item.field.code for item in form_rules.missing(items)] == ["serious_event"]
    assert form_rules.snapshot(items) == {
        **FACTS.words,
        "first_treatment": "yes",
        "enrolled": "yes",
        "medicines": [],
        "session_date": "2026-03-06",
        "dose": "56",
        "lots": "L1, L2",
        "monitored_minutes": 122,
        "ready_minutes": 90,
        "escort": "yes",
        "vitals_before_ok": "yes",
        "vitals_end_ok": "yes",
        "pressure_before": "120/76",
        "pressure_40": "144/88",
        "pressure_end": "124/78",
        "oximetry": "yes",
        "sedation": "yes",
        "sedation_onset": 40,
        "sedation_resolution": 60,
        "dissociation": "yes",
        "dissociation_onset": 15,
        "dissociation_resolution": 90,
        "respiratory_depression": "no",
        "pressure_increase": "no",
    }


def test_every_derived_value_has_its_place_and_its_time():
    for code, known in derive(FACTS).items():
        assert (code, bool(known.words), known.at.tzinfo) == (code, True, UTC)


@pytest.mark.parametrize(
    ("devices", "dose", "other"),
    [(1, "other", 28), (2, "56", 56), (3, "84", 84), (0, None, None)],
)
def test_the_dose_is_what_the_devices_gave(devices, dose, other):
    given = tuple(Given(T0 + timedelta(minutes=5 * n), f"L{n}", "N") for n in range(devices))
    found = values(replace(FACTS, devices=given))
    assert (found.get("dose"), found.get("dose_other")) == (dose, other)


def test_a_device_that_replaced_a_failed_one_is_no_dose_but_its_lot_counts():
    given = (*FACTS.devices, Given(T0 + timedelta(minutes=10), "L3", "N", replaces=True))
    found = values(replace(FACTS, devices=given))
    assert (found["dose"], found["lots"]) == ("56", "L1, L2, L3")


@pytest.mark.parametrize(
    ("systolic", "diastolic", "answer"),
    [(159, 100, "no"), (160, 78, "yes"), (126, 101, "yes"), (126, 100, "no")],
)
def test_an_increase_is_one_of_the_labels_size(systolic, diastolic, answer):
    raised = reading(40, systolic=systolic, diastolic=diastolic)
    assert values(replace(FACTS, readings=(raised, reading(120))))["pressure_increase"] == answer


@pytest.mark.parametrize(("systolic", "answer"), [(140, "yes"), (141, None), (160, None)])
def test_vital_signs_before_are_acceptable_within_the_limit_and_a_persons_word_beyond(systolic, answer):
    before = replace(BEFORE, reading=replace(BEFORE.reading, systolic=systolic))
    assert values(replace(FACTS, before=before)).get("vitals_before_ok") == answer


def test_what_never_resolved_leaves_its_resolution_to_a_person():
    facts = replace(FACTS, readings=(reading(40, sedation=4), reading(120, sedation=4)))
    items = form_rules.filled(DEFINITION, derive(facts), {})
    assert values(facts)["sedation_onset"] == 40
    missing = {item.field.code for item in form_rules.missing(items)}
    assert {"sedation_resolution", "ready_minutes"} <= missing


def test_what_came_back_counts_from_its_first_to_its_last():
    facts = replace(
        FACTS,
        readings=(reading(15, sedation=4), reading(30), reading(40, sedation=3), reading(60), reading(120)),
    )
    found = values(facts)
    assert (found["sedation_onset"], found["sedation_resolution"], found["ready_minutes"]) == (15, 60, 60)


def test_readings_that_did_not_look_answer_nothing():
    blind = reading(40, sedation=None, dissociation="", respiratory_rate=None, spo2=None)
    found = values(replace(FACTS, readings=(blind,)))
    assert not {"sedation", "dissociation", "respiratory_depression", "oximetry"} & set(found)


def test_respiratory_depression_is_yes_when_it_was_seen():
    facts = replace(FACTS, readings=(reading(30, symptoms=("respiratory_depression",)), reading(60)))
    found = values(facts)
    assert found["respiratory_depression"] == "yes"
    assert (found["respiratory_onset"], found["respiratory_resolution"]) == (30, 60)


def test_a_reading_at_forty_minutes_that_was_not_taken_is_missing():
    items = form_rules.filled(DEFINITION, derive(replace(FACTS, readings=(reading(30), reading(120)))), {})
    assert "pressure_40" in {item.field.code for item in form_rules.missing(items)}


def test_medicines_go_by_the_forms_names_and_alcohol_is_another():
    before = replace(BEFORE, medicines=("alcohol", "maois", "benzodiazepines"))
    found = values(replace(FACTS, before=before))
    assert found["medicines"] == ["benzodiazepines", "maois", "other"]
    assert found["medicines_other"] == "Alcohol"


def test_other_medicines_that_nobody_named_are_asked_for():
    before = replace(BEFORE, medicines=("other",))
    items = form_rules.filled(DEFINITION, derive(replace(FACTS, before=before)), {})
    assert "medicines_other" in {item.field.code for item in form_rules.missing(items)}


def test_nobody_is_ever_said_to_be_without_a_serious_event_by_the_software():
    assert "serious_event" not in derive(FACTS)
    flagged = replace(FACTS, serious=Known("yes", "Nora Nurse", T0, "flagged"))
    items = form_rules.filled(DEFINITION, derive(flagged), {})
    assert [i.field.code for i in form_rules.missing(items)] == [
        "serious_event_what",
        "serious_event_outcome",
    ]


def test_a_record_without_anything_answers_only_who_and_when():
    empty = replace(FACTS, before=None, devices=(), readings=(), ended_at=None, escort=None)
    assert set(values(empty)) == {*FACTS.words, "first_treatment", "enrolled", "session_date"}


# -- a person's answers --


def person(value):
    return Known(value, "Nora Nurse", T0)


def test_a_persons_answer_counts_and_the_records_stays_beside_it():
    items = form_rules.filled(DEFINITION, derive(FACTS), {"ready_minutes": person(75)})
    item = next(item for item in items if item.field.code == "ready_minutes")
    assert (item.value, item.derived.value, item.answered.value) == (75, 90, 75)


def test_an_answer_of_none_chosen_is_an_answer():
    before = replace(FACTS, before=None)
    items = form_rules.filled(DEFINITION, derive(before), {"medicines": person([])})
    item = next(item for item in items if item.field.code == "medicines")
    assert (item.missing, item.text) == (False, "None")


def test_what_is_not_asked_is_neither_missing_nor_sent():
    items = form_rules.filled(DEFINITION, derive(FACTS), {"sedation": person("no")})
    by_code = {item.field.code: item for item in items}
    assert not by_code["sedation_onset"].asked
    assert "sedation_onset" not in form_rules.snapshot(items)


def test_a_value_that_repeats_the_last_sessions_is_marked_where_that_is_odd():
    last = {
        "pressure_before": "120/76",
        "pressure_40": "143/88",
        "last_name": "Stone",
        "monitored_minutes": 122,
    }
    items = form_rules.filled(DEFINITION, derive(FACTS), {}, last)
    assert [item.field.code for item in items if item.repeated] == ["pressure_before"]
