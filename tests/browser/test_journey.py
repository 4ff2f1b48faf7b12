"""The main job, as three people do it: from the telephone call to the last reminder."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import expect

# As a visitor has it.
LOADS_ITSELF = True
NAME = "Rivera, Alma"


def move_clock(person, to):
    """The demo's clock, on the page that a visitor has for it."""
    person.go("/demo/phones/")
    minutes = int((to - person.now()).total_seconds() // 60) + 1
    assert minutes > 0
    person.page.get_by_label("Minutes forward").fill(str(minutes))
    person.page.get_by_role("button", name="Move the clock").click()
    expect(person.page.get_by_role("status")).to_contain_text("went forward")


def instant(locator):
    return datetime.fromisoformat(locator.locator("time").first.get_attribute("datetime"))


def add_patient(desk):
    page = desk.go("/courses/new/")
    page.get_by_label("Find a patient").fill("Rivera")
    page.get_by_role("button", name="Find").click()
    desk.look("journey-01-nobody-found")
    page.get_by_role("link", name="Add a patient").first.click()
    page.get_by_label("Given name").fill("Alma")
    page.get_by_label("Family name").fill("Rivera")
    page.get_by_label("Birth date").fill("1979-05-14")
    page.get_by_label("Mobile telephone").fill("614 55")
    page.get_by_role("button", name="Save").click()
    # Every fault at once, beside its field, and nothing typed is lost.
    expect(page.locator("#div_id_phone .invalid-feedback")).to_be_visible()
    expect(page.locator("#div_id_mrn .invalid-feedback")).to_be_visible()
    expect(page.get_by_label("Given name")).to_have_value("Alma")
    desk.look("journey-02-faults-beside-fields")
    page.get_by_label("Record number").fill("614-2001")
    page.get_by_label("Mobile telephone").fill("(614) 555-0188")
    page.get_by_label("Who drives home").fill("Luz Rivera")
    page.get_by_label("Their telephone").fill("(614) 555-0189")
    page.get_by_label("Enrolled in the REMS on").fill("2026-01-05")
    page.get_by_role("button", name="Save").click()


def write_down_consent(desk, patient):
    page = desk.go(patient)
    page.get_by_text("Write down an answer").click()
    page.get_by_label("Agrees", exact=True).check()
    page.get_by_label("How").select_option("telephone")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("Texts: yes")).to_be_visible()


def book(desk, patient):
    page = desk.go(f"/courses/new/?patient={patient.split('/')[2]}")
    today = desk.now().date()
    monday = today + timedelta(days=7 - today.weekday())
    page.locator("#id_starts_on").fill(monday.isoformat())
    page.get_by_label("First day of the week").select_option("0")
    page.get_by_label("Second day").select_option("3")
    page.locator("#id_time").fill("10:00")
    page.get_by_role("button", name="Find eight dates").click()
    expect(page.locator("select[id^=start-]")).to_have_count(8)
    desk.look("journey-03-eight-dates")
    page.get_by_role("button", name="Book these sessions").click()
    expect(page.get_by_text("8 sessions are booked.")).to_be_visible()
    desk.look("journey-04-booked")
    return page.url


def reminders(desk, patient):
    """(due, status) of each reminder, the soonest first, from the patient's page."""
    page = desk.go(patient)
    rows = page.locator("table.texts tbody tr").filter(has_text="Reminder")
    expect(rows.first).to_be_visible()
    found = [
        (
            instant(row),
            row.locator(".message-status").inner_text(),
            row.locator(".text-body-wrap").inner_text(),
        )
        for row in rows.all()
    ]
    return sorted(found)


def wait_for_text(desk, phone, words):
    page = desk.go(phone)
    expect(page.locator(".bubble.from-clinic").filter(has_text=words).last).to_be_visible(timeout=30_000)


def fill(page, **values):
    for name, value in values.items():
        page.locator(f"#id_{name}").fill(str(value))


def pre_dose(nurse):
    page = nurse.page
    fill(page, systolic=128, diastolic=80, heart_rate=74, spo2=98)
    page.get_by_label("Somebody else drives home").check()
    page.get_by_label("Pulse oximeter is here").check()
    # That something was eaten is not said otherwise: a warning, with its reason.
    page.get_by_label("Nothing to drink for thirty minutes").check()
    page.get_by_label("No nasal spray within the hour").check()
    page.locator("#div_id_suicidal_thoughts").get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Save the answers").click()
    # No prescriber is on site yet: that gate stops the dose. What was typed is still there.
    expect(page.locator(".gate-stop")).to_be_visible()
    expect(page.locator("#id_systolic")).to_have_value("128")
    nurse.look("journey-10-gates")
    page.get_by_label("Prescriber is on site").check()
    page.get_by_label("Why go on?").first.fill("Half a banana at eight; Dr. Raman agrees.")
    page.get_by_role("button", name="Save the answers").click()
    expect(page.get_by_text("Cleared for the dose.")).to_be_visible()


def tap_device(page):
    """The box that is to be taken first, of those that are not empty."""
    page.locator("input[name=device]:enabled").first.check()


def start_device(nurse, number):
    page = nurse.page
    tap_device(page)
    page.get_by_role("button", name="Start the device").click()
    expect(page.get_by_text(f"Device {number} is running.")).to_be_visible()


def read(nurse, minute, *, systolic):
    page = nurse.page
    expect(page.locator(".next")).to_contain_text(f"{minute}-minute reading")
    fill(page, systolic=systolic, diastolic=84, heart_rate=78, spo2=97, respiratory_rate=15)
    page.get_by_label("5 Answers readily to the name").check()
    page.get_by_label("None", exact=True).check()
    page.get_by_role("button", name="Save the reading").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def observe(nurse, desk, chair):
    """Dose, readings at their minutes, ready, gone: the clock goes on between them."""
    page = nurse.go(chair)
    nurse.look("journey-09-chair")
    pre_dose(nurse)
    start_device(nurse, 1)
    t0 = instant(page.locator(".clocks"))
    # The second device waits its five minutes: the rule answers beside the form, and nothing typed is lost.
    tap_device(page)
    page.get_by_role("button", name="Start the device").click()
    expect(page.locator("#main .notice-red, #main .invalid-feedback").first).to_be_visible()
    nurse.look("journey-11-too-early")
    move_clock(desk, t0 + timedelta(minutes=5))
    nurse.go(chair)
    start_device(nurse, 2)
    nurse.look("journey-12-observing")
    for minute in (15, 30, 40, 60, 90, 120):
        move_clock(desk, t0 + timedelta(minutes=minute))
        nurse.go(chair)
        read(nurse, minute, systolic=172 if minute == 40 else 134)
        if minute == 40:
            # 44 above the value before the dose.
            nurse.look("journey-13-alert")
            # Another patient's red one stands below this patient's own.
            page.get_by_role("link", name="Acknowledge").first.click()
            page.get_by_label("What was done").fill("Resting, repeat in five minutes; Dr. Raman told.")
            page.get_by_role("button", name="Acknowledge").click()
            nurse.go(chair)
    nurse.look("journey-14-two-hours")
    page.get_by_label("Escort is here, or was reached").check()
    page.get_by_label("Told not to drive").check()
    page.get_by_label("Judged by").fill("Nadia Brandt, RN")
    page.get_by_role("button", name="Ready to leave").click()
    expect(page.locator(".chair-top")).to_contain_text("Ready to leave")
    nurse.go("/floor/")
    nurse.look("journey-15-floor")
    nurse.go(chair)
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Has left").click()
    expect(page.locator("main")).to_contain_text("Completed")


def record_reads_in_order(nurse, session):
    page = nurse.go(f"{session}record/")
    nurse.look("journey-16-record")
    text = page.locator(".timeline").inner_text()
    story = [
        "Booked",
        "Arrived",
        "Questions before the dose",
        "Device 1",
        "Device 2",
        "15-minute",
        "40-minute",
        "Resting, repeat",
        "120-minute",
        "Ready to leave",
        "Completed",
    ]
    places = [text.index(words) for words in story]
    assert places == sorted(places)


def test_booking_to_last_reminder(stage):
    desk, nurse, manager = stage.person("desk"), stage.person("nurse"), stage.person("manager")

    add_patient(desk)
    desk.go("/patients/")
    patient = desk.page.get_by_role("link", name=NAME).get_attribute("href")
    write_down_consent(desk, patient)
    course = book(desk, patient)
    session_links = [link.split("move")[0] for link in desk.links(r"/sessions/.*/move/")]
    assert len(session_links) == 8

    planned = reminders(desk, patient)
    assert [status for _due, status, _body in planned] == ["Waiting"] * 8
    desk.look("journey-05-patient")

    # The second session moves: its reminder is replaced. The third is cancelled: its reminder is withdrawn.
    page = desk.go(f"{session_links[1]}move/")
    page.locator(".choices input").last.check()
    desk.look("journey-06-move")
    page.get_by_role("button", name="Move", exact=True).click()
    page.wait_for_url(re.compile("/today/"))
    page = desk.go(f"{session_links[2]}cancel/")
    page.get_by_label("Patient", exact=True).check()
    page.locator("#id_reason").fill("A wedding")
    desk.look("journey-07-cancel")
    page.get_by_role("button", name="Cancel 1 session").click()
    page.wait_for_url(re.compile("/today/"))
    changed = reminders(desk, patient)
    waiting = [row for row in changed if row[1] == "Waiting"]
    assert len(waiting) == 7
    assert waiting[1][2] != planned[1][2]
    assert [status for _due, status, _body in changed].count("Withdrawn") == 2

    # The first reminder arrives when it is due, and the patient answers.
    move_clock(desk, waiting[0][0])
    phone = f"/demo/phones/{patient.split('/')[2]}/"
    wait_for_text(desk, phone, "Reply C to confirm")
    desk.page.get_by_label("Your reply").fill("c")
    desk.page.get_by_role("button", name="Send").click()
    expect(desk.page.locator(".bubble.from-patient")).to_contain_text("c")
    desk.look("journey-08-phone")
    first_start = instant(desk.go(course).locator(".timeline li").first)
    desk.go(f"/today/?day={first_start.date().isoformat()}")
    entry = desk.page.locator("li.entry").filter(has_text=NAME)
    expect(entry).to_contain_text("Confirmed")

    # The day itself.
    move_clock(desk, first_start - timedelta(minutes=5))
    desk.go("/today/")
    desk.page.locator("li.entry").filter(has_text=NAME).get_by_role("button", name="Arrived").click()
    expect(desk.page.locator("li.entry").filter(has_text=NAME)).to_contain_text("Arrived")
    nurse.go("/floor/")
    chair = nurse.page.get_by_role("link", name=NAME).get_attribute("href")
    observe(nurse, desk, chair)
    record_reads_in_order(nurse, chair.removesuffix("chair/"))

    # On to the last reminder, one after the other.
    for due, _status, _body in [row for row in reminders(desk, patient) if row[1] == "Waiting"]:
        if due > desk.now():
            move_clock(desk, due)
        stage.wait_until_delivered(desk, patient, due)
    assert [status for _d, status, _b in reminders(desk, patient)].count("Delivered") == 7
    desk.go("/texts/")
    desk.look("journey-17-texts")

    # Every write, and every opening of the patient's page, is in the audit trail.
    manager.go("/settings/audit/?action=patient")
    expect(manager.page.locator("table")).to_contain_text("patient.opened")
    manager.look("journey-18-audit")
