"""From a nurse's tap to "saved", and without a connection to "kept". PostgreSQL, the production server, Chromium.

    ./run bench tablet [--quick]

Milliseconds by the page's own clock, from the click to the next picture that shows it; medians of many taps.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

from benchmarks import _stage as stage

TAPS = 20 if "--quick" in sys.argv else 200
# Of each kind at one chair, so that a page has as many readings as one of a real session.
AT_A_CHAIR = 4
# A tap and the two answers to it: kept on the tablet's disk, saved by the clinic.
TAP = """state => new Promise(done => {
  const form = document.querySelector('form[data-keeps^=checkpoint]');
  form.closest('details').open = true;
  for (const [name, value] of [['systolic', 128], ['diastolic', 80], ['heart_rate', 72], ['spo2', 98]]) {
    form.elements[name].value = value;
  }
  let began;
  document.addEventListener('entry', function heard(event) {
    if (event.detail.state !== state) return;
    document.removeEventListener('entry', heard);
    requestAnimationFrame(() => done(performance.now() - began));
  });
  began = performance.now();
  form.querySelector('button:not([type=button])').click();
})"""
RESTED = "() => !document.querySelector('form[data-keeps^=checkpoint] button[disabled]:not([type=button])')"


def main() -> None:
    from tests.browser.stage import Person, browser

    with stage.clinic() as run:
        stage.django_here()
        cookie, sessions = _sessions(TAPS // AT_A_CHAIR)
        with browser() as opened:
            person = Person(opened, run.url.replace("127.0.0.1", "localhost"), size=(820, 1180))
            person.context.add_cookies([{"name": "sessionid", "value": cookie, "url": person.url}])
            found = _measure(person, [f"/sessions/{session.pk}/chair/" for session in sessions])
            print(json.dumps(found, indent=2))
            person.context.close()


def _sessions(count: int):
    """People who were given both devices and are observed now, and the cookie of the nurse."""
    from django.test import Client

    from tests.factories import make_staffed_site, make_user

    site = make_staffed_site(chairs=count)
    nurse = make_user(site=site, role="nurse")
    sessions = [_observed(site, chair, nurse) for chair in site.chairs.all()]
    client = Client()
    client.force_login(nurse)
    return client.cookies["sessionid"].value, sessions


def _observed(site, chair, nurse):
    from demo.rows import answers
    from monitoring import chairside, dosing
    from tests.factories import make_course, make_patient, make_session

    now = datetime.now(UTC)
    t0 = now - timedelta(minutes=30)
    course = make_course(site=site, patient=make_patient(site=site))
    session = make_session(course=course, chair=chair, starts_at=t0 - timedelta(minutes=20))
    chairside.arrive(session=session, by=nurse, now=t0 - timedelta(minutes=15))
    chairside.record_pre_dose(
        session=session, answers=answers(1), by=nurse, now=t0 - timedelta(minutes=5), override=_reasons()
    )
    for number in (1, 2):
        at = t0 + timedelta(minutes=5 * (number - 1))
        dosing.start_device(
            session=session,
            number=number,
            started_at=at,
            lot="5JG2201",
            expires_on=(now + timedelta(days=200)).date(),
            by=nurse,
            now=at,
        )
    return session


def _reasons() -> dict[str, str]:
    return {"food": "Toast an hour ago; the prescriber agrees."}


def _measure(person, addresses: list[str]) -> dict[str, object]:
    times: dict[str, list[float]] = {
        "online, tap to saved": [],
        "online, tap to kept": [],
        "offline, tap to kept": [],
    }
    page = person.go(addresses[0])
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for address in addresses:
        person.go(address)
        times["online, tap to saved"] += _taps(page, "saved")
        times["online, tap to kept"] += _taps(page, "kept")
        person.context.set_offline(True)
        times["offline, tap to kept"] += _taps(page, "kept")
        person.context.set_offline(False)
        page.wait_for_function("() => document.querySelector('[data-queue]').hidden", timeout=120_000)
    return {name: stage.figures(found) for name, found in times.items()}


def _taps(page, state: str) -> list[float]:
    times = []
    for _ in range(AT_A_CHAIR):
        page.wait_for_function(RESTED)
        times.append(page.evaluate(TAP, state))
    return times


if __name__ == "__main__":
    main()
