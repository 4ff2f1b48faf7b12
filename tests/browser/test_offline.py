"""The chair through lost Wi-Fi: everything entered arrives once; refusals reach a person; nothing is left behind."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.stage import PHONE, Person
from tests.browser.test_journey import fill, instant, move_clock, pre_dose, start_device, tap_device

UPRIGHT = (820, 1180)
KEPT_DRAFT = """async () => {
  const form = document.querySelector('form[data-keeps^=checkpoint]');
  return (await import('/static/js/queue.js')).draft(form.dataset.keeps);
}"""
SECRET = "Heron by the window"  # a note that would be found wherever it was left


@pytest.fixture
def desk(stage):
    return stage.person("desk")


@pytest.fixture
def nurse(stage):
    return tablet(stage)


def tablet(stage, username="nurse", **options):
    return stage.person(username, **{"size": UPRIGHT, "theme": "dark", **options})


def cut(person):
    person.context.set_offline(True)
    expect(person.page.locator("[data-line]")).to_be_visible()


def mend(person):
    person.context.set_offline(False)


def keeps(person, address):
    """Until the tablet has the page and the files for it."""
    page = person.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function(
        """async address => (await caches.match(address, { ignoreVary: true }))
          && (await caches.match('/static/js/chair.js'))""",
        arg=address,
    )


def open_chair(person, address):
    person.go(address)
    # The first page came before there was a worker.
    person.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    person.go(address)
    keeps(person, address)
    return person.page


def chair_that(person, status):
    """A chair of the Floor whose patient has come so far."""
    person.go("/floor/")
    for address in person.links("/chair/"):
        person.go(address)
        if status in person.page.locator(".chair-top").inner_text():
            return address
    raise AssertionError(f"no chair says {status}")


def later(person, minutes):
    """A demo's clock goes on at every tablet; one without a connection is told here."""
    person.page.evaluate(
        "minutes => import('/static/js/line.js').then(({ line }) => { line.shift += minutes * 60000; })",
        minutes,
    )


def open_pad(page):
    panel = page.locator("details:has(form[data-keeps^=checkpoint])")
    if panel.get_attribute("open") is None:
        panel.locator("summary").first.click()


def reading(person, systolic, note=""):
    open_pad(person.page)
    fill(person.page, systolic=systolic, diastolic=84, heart_rate=78, spo2=97, respiratory_rate=15, note=note)
    person.page.get_by_label("5 Answers readily to the name").check()
    person.page.get_by_label("None", exact=True).check()


def save(person, state="saved"):
    person.page.get_by_role("button", name="Save the reading").click()
    expect(person.page.locator("#said")).to_have_attribute("data-state", state)


def waits(person, words):
    expect(person.page.locator("[data-queue]")).to_contain_text(words)


def sign_out(person):
    if person.page.locator(".rail-menu").get_attribute("open") is None:
        person.page.locator(".rail-menu > summary").click()
    person.page.get_by_role("button", name="Sign out", exact=True).click()


def nothing_waits(person):
    expect(person.page.locator("[data-queue]")).to_be_hidden()


def entered(person, *words):
    for each in words:
        expect(person.page.locator(".entered > li").filter(has_text=each)).to_have_count(1)


READ_DATABASE = """
  const done = request => new Promise(ok => { request.onsuccess = () => ok(request.result); });
  const database = await done(indexedDB.open('tablet'));
  const stores = {};
  for (const name of database.objectStoreNames) {
    stores[name] = await done(database.transaction(name).objectStore(name).getAll());
  }
  database.close();
"""


def rows(person, store):
    return person.page.evaluate(f"async store => {{ {READ_DATABASE} return stores[store].length; }}", store)


def left_behind(person):
    """Everything that this browser holds for the clinic, as text that could be read."""
    return person.page.evaluate(
        f"""async () => {{
          {READ_DATABASE}
          const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(stores)];
          for (const row of [...stores.entries, ...stores.drafts]) {{
            found.push(new TextDecoder('latin1').decode(row.sealed.box));
          }}
          for (const name of await caches.keys()) {{
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {{
              const answer = await cache.match(request, {{ ignoreVary: true }});
              found.push(request.url, await answer.text());
            }}
          }}
          return found.join('\\n');
        }}"""
    )


def cache_names(person):
    return person.page.evaluate("caches.keys()")


def arrived(desk, nurse):
    """Somebody who is expected comes, and sits at a chair whose page the nurse opens."""
    page = desk.go("/today/")
    form = page.locator("form[action$='/arrive/']").last
    session = form.get_attribute("action").removesuffix("arrive/")
    form.get_by_role("button").click()
    page.wait_for_url("**/today/**")
    return open_chair(nurse, f"{session}chair/"), session


def test_two_nurses_on_one_chair_keep_both_entries_and_see_each_others(stage, nurse):
    other = tablet(stage, "prescriber", theme="light")
    address = chair_that(nurse, "Observing")
    open_chair(nurse, address)
    open_chair(other, address)
    cut(nurse)
    reading(nurse, 147)
    save(nurse, "waiting")
    reading(other, 152)
    save(other)
    mend(nurse)
    nothing_waits(nurse)
    for person in (nurse, other):
        entered(person, "147/84", "152/84")


def test_what_the_clinic_refuses_is_shown_with_its_values_and_a_person_decides(nurse):
    page = open_chair(nurse, chair_that(nurse, "Observing"))
    cut(nurse)
    reading(nurse, 400)
    save(nurse, "waiting")
    reading(nurse, 39, note=SECRET)
    save(nurse, "waiting")
    mend(nurse)
    expect(page.locator("#tablet [data-refused]")).to_contain_text("2 entries were not accepted")
    refused = page.locator(".queued > li")
    expect(refused).to_have_count(2)
    expect(refused.first).to_contain_text("Systolic 400")
    expect(refused.first.locator("[data-faults]")).not_to_be_empty()
    nurse.look("offline-refused")
    nurse.resize(PHONE, "light")
    nurse.look("offline-refused")
    nurse.resize(UPRIGHT, "dark")

    # One is corrected, with the time at which it was measured; the other is not wanted, and stays readable.
    refused.first.get_by_role("button", name="Correct and send again").click()
    expect(page.locator("#id_systolic")).to_have_value("400")
    expect(page.locator("#id_measured")).not_to_have_value("")
    page.locator("#id_systolic").fill("143")
    save(nurse)
    entered(nurse, "143/84")
    page.locator("#queued summary").filter(has_text="Discard").click()
    page.locator("#queued [name=reason]").fill("The cuff slipped")
    page.locator("#queued").get_by_role("button", name="Discard").click()
    expect(page.locator("#queued")).to_be_hidden()
    page.get_by_role("link", name="The whole record").click()
    expect(page.locator(".timeline")).to_contain_text("discarded: The cuff slipped")
    expect(page.locator(".timeline")).to_contain_text("Systolic: 39")


def test_a_session_that_was_closed_meanwhile_is_told(stage, nurse):
    other = tablet(stage, "prescriber")
    address = chair_that(nurse, "Ready to leave")
    page = open_chair(nurse, address)
    cut(nurse)
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Has left").click()
    expect(page.locator("#said")).to_have_attribute("data-state", "waiting")
    theirs = other.go(address)
    theirs.get_by_label("Yes", exact=True).check()
    theirs.get_by_role("button", name="Has left").click()
    expect(theirs.locator(".chair-top")).to_contain_text("Completed")
    mend(nurse)
    expect(page.locator("#queued [data-faults]")).to_contain_text("This session is completed")


def test_signing_out_asks_about_what_waits_and_leaves_nothing(nurse):
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    name = page.locator("h1").inner_text()
    reading(nurse, 39, note=SECRET)
    page.locator("#id_systolic").fill("39")
    cut(nurse)
    save(nurse, "waiting")
    fill(page, note=SECRET)
    mend(nurse)
    expect(page.locator("#tablet [data-refused]")).to_be_visible()
    assert name in left_behind(nurse)

    sign_out(nurse)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 entry waits")
    nurse.look("offline-sign-out")
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    assert rows(nurse, "entries") == 1
    sign_out(nurse)
    dialog.get_by_role("button", name="Remove them and sign out").click()
    page.wait_for_url("**/accounts/login/**")

    assert [rows(nurse, store) for store in ("entries", "drafts", "person")] == [0, 0, 0]
    assert [n for n in cache_names(nurse) if not n.startswith("files-")] == []
    found = left_behind(nurse)
    assert SECRET not in found
    assert name not in found
    nurse.context.set_offline(True)
    nurse.go(address)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    nurse.look("offline-nothing")


def test_a_session_that_ran_out_leaves_what_is_not_sent_sealed_and_sends_it_after_signing_in(stage, nurse):
    address = chair_that(nurse, "Observing")
    page = open_chair(nurse, address)
    name = page.locator("h1").inner_text()
    nurse.context.clear_cookies(name="sessionid")
    reading(nurse, 136, note=SECRET)
    page.get_by_role("button", name="Save the reading").click()
    expect(page.locator("[data-signed-out]")).to_be_visible()
    nurse.look("offline-signed-out")
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/accounts/login/**")
    waits(nurse, "1 entry waits")
    nurse.look("offline-sign-in")
    assert rows(nurse, "person") == 0
    found = left_behind(nurse)
    assert SECRET not in found
    assert name not in found

    # Somebody else sees that something waits, and no more; whoever entered it sends it by signing in.
    nurse.sign_in("prescriber")
    nurse.go(address)
    waits(nurse, "belong to somebody else")
    expect(page.locator("#queued")).to_be_hidden()
    assert SECRET not in left_behind(nurse)
    sign_out(nurse)
    page.wait_for_url("**/accounts/login/**")
    nurse.sign_in("nurse")
    nurse.go(address)
    nothing_waits(nurse)
    entered(nurse, "136/84")


def test_a_page_from_before_somebody_signed_in_again_still_sends(nurse):
    """Signing in on another page of the tablet makes a new CSRF token, which this page has never seen."""
    open_chair(nurse, chair_that(nurse, "Observing"))
    cut(nurse)
    reading(nurse, 134)
    save(nurse, "waiting")
    token = next(each for each in nurse.context.cookies() if each["name"] == "csrftoken")
    nurse.context.add_cookies([{**token, "value": token["value"][::-1]}])
    mend(nurse)
    nothing_waits(nurse)
    entered(nurse, "134/84")


HELD = """
const real = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = async function (...given) {
  await new Promise(known => { window.known = known; });
  return real.apply(this, given);
};
"""


def test_who_is_quicker_than_the_page_loses_nothing(nurse):
    """Typed and tapped while the tablet still finds out who is there, with something half typed from before."""
    page = open_chair(nurse, chair_that(nurse, "Observing"))
    open_pad(page)
    page.locator("#id_note").fill(SECRET)
    page.wait_for_function(KEPT_DRAFT)
    nurse.context.add_init_script(HELD)
    page.reload()
    open_pad(page)
    fill(page, systolic=137, diastolic=84)
    page.evaluate("known()")
    expect(page.locator("#id_note")).to_have_value(SECRET)
    expect(page.locator("#id_systolic")).to_have_value("137")

    page.reload()
    reading(nurse, 138)
    page.get_by_role("button", name="Save the reading").click()
    page.evaluate("known()")
    expect(page.locator("#said")).to_have_attribute("data-state", "saved")
    entered(nurse, "138/84")
    expect(page.locator("#id_note")).to_have_value("")


def test_a_tablet_whose_clock_is_wrong_says_so_and_alters_nothing_in_silence(nurse):
    address = chair_that(nurse, "Observing")
    nurse.context.add_init_script("const right = Date.now; Date.now = () => right() + 360000;")
    page = nurse.go(address)
    expect(page.locator("#tablet [data-clock]")).to_contain_text("6 min ahead")
    nurse.look("offline-clock")
    reading(nurse, 129)
    page.get_by_role("button", name="Save the reading").click()
    expect(page.locator("#main")).to_contain_text("This time has not come yet")
    page.get_by_label("Enter the clinic's time instead").check()
    save(nurse)
    entered(nurse, "129/84")
    page.get_by_role("link", name="The whole record").click()
    expect(page.locator(".timeline")).to_contain_text("6.0 min ahead of the clinic's")


@pytest.fixture
def profile(tmp_path):
    return str(tmp_path / "profile")


def test_a_battery_that_dies_loses_nothing(demo_clinic, chromium, profile):
    """The browser is killed just after a tap was answered."""
    url = demo_clinic.url.replace("127.0.0.1", "localhost")
    person = Person(chromium, url, size=UPRIGHT, profile=profile).sign_in("nurse")
    address = chair_that(person, "Observing")
    open_chair(person, address)
    cut(person)
    reading(person, 146)
    save(person, "waiting")
    # A browser writes its cookies down every half minute; a session that is older than that is still one.
    cookies = person.context.cookies()
    person.kill()

    # Started again, the page sends it, or the worker by background sync, whichever is first.
    person = Person(chromium, url, size=UPRIGHT, profile=profile)
    person.context.add_cookies(cookies)
    person.go(address)
    nothing_waits(person)
    entered(person, "146/84")
    assert rows(person, "entries") == 0
    person.context.close()


def test_without_script_a_reading_is_a_plain_form(stage, nurse):
    address = chair_that(nurse, "Observing")
    plain = stage.browser.new_context(
        base_url=nurse.url, java_script_enabled=False, storage_state=nurse.context.storage_state()
    )
    page = plain.new_page()
    page.goto(address)
    open_pad(page)
    fill(page, systolic=144, diastolic=84)
    page.get_by_role("button", name="Save the reading").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(page.locator(".entered > li").filter(has_text=re.compile("144/84"))).to_have_count(1)
    open_pad(page)
    page.get_by_label("In the bathroom").check()
    page.get_by_role("button", name="Save the reading").click()
    expect(page.locator(".entered > li").filter(has_text="not taken: in the bathroom")).to_have_count(1)
    plain.close()


def test_a_whole_session_with_the_network_cut_in_the_middle(desk, nurse):
    page, session = arrived(desk, nurse)
    chair = f"{session}chair/"
    pre_dose(nurse)
    start_device(nurse, 1)
    t0 = instant(page.locator(".clocks"))
    open_chair(nurse, chair)

    # The further devices and two readings without a connection, over a reload, with something half typed.
    planned = int(page.locator("form[data-planned]").first.get_attribute("data-planned"))
    cut(nurse)
    nurse.look("offline-device")
    for number in range(2, planned + 1):
        later(nurse, 5)
        # The same box until it is empty: the next of it is meant, whatever the page knows of it.
        tap_device(page)
        page.get_by_role("button", name="Start the device").click()
        expect(page.locator(".queued > li")).to_have_count(number - 1)
        expect(page.locator(".queued > li").last).to_contain_text(f"Device {number}")
    later(nurse, 20 - 5 * planned)
    reading(nurse, 133)
    save(nurse, "waiting")
    nurse.look("offline-waiting")
    waits(nurse, f"{planned} entries wait")
    page.reload()
    expect(page.locator(".queued > li")).to_have_count(planned)
    expect(page.locator(".limits-beside")).to_contain_text("Not judged yet: no connection")
    later(nurse, 15)
    open_pad(page)
    page.locator("#id_note").fill(SECRET)
    page.wait_for_function(KEPT_DRAFT)
    page.reload()
    expect(page.locator("#id_note")).to_have_value(SECRET)
    later(nurse, 30)
    page.get_by_role("group", name="Not taken, because").get_by_label("In the bathroom").check()
    save(nurse, "waiting")
    waits(nurse, f"{planned + 1} entries wait")
    for size, theme in ((UPRIGHT, "light"), (PHONE, "dark"), (PHONE, "light"), (UPRIGHT, "dark")):
        nurse.resize(size, theme)
        nurse.look("offline-queue")

    # Back: each is at the clinic once, with the time it was measured.
    move_clock(desk, t0 + timedelta(minutes=31))
    mend(nurse)
    nothing_waits(nurse)
    entered(nurse, "Device 2", "133/84", "bathroom")
    page.reload()
    entered(nurse, "Device 2", "133/84", "bathroom")
    expect(page.locator("#queued")).to_be_hidden()

    for minute, systolic in ((40, 141), (60, 138), (90, 131), (120, 127)):
        move_clock(desk, t0 + timedelta(minutes=minute))
        nurse.go(chair)
        reading(nurse, systolic)
        save(nurse)
        entered(nurse, f"{systolic}/84")
    nurse.go(chair)
    page.get_by_label("Escort is here, or was reached").check()
    page.get_by_label("Told not to drive").check()
    page.get_by_role("button", name="Ready to leave").click()
    expect(page.locator(".chair-top")).to_contain_text("Ready to leave")
    page.get_by_label("Yes", exact=True).check()
    page.get_by_role("button", name="Has left").click()
    expect(page.locator(".chair-top")).to_contain_text("Completed")
    nurse.go(f"{session}record/")
    story = page.locator(".timeline").inner_text()
    assert [story.count(words) for words in ("Device 2", "133/84", "not taken", "141/84", "127/84")] == [
        1
    ] * 5
