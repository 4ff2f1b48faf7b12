"""Every page that a person can open, with an address that shows something on it."""

from dataclasses import dataclass

from tests.browser.pages_rems import rems_pages
from tests.browser.pages_texts import texts_pages
from tests.browser.stage import Person, Stage

PATIENT = r"^/patients/[0-9a-f-]{36}/$"


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    person: Person
    path: str


def demo_pages(stage: Stage) -> list[Page]:
    """The pages of a demo clinic: as the desk, a nurse, the manager, and somebody who is not signed in."""
    visitor, desk = stage.person(), stage.person("desk")
    nurse, manager = stage.person("nurse"), stage.person("manager")
    pages = [Page("sign-in", visitor, "/accounts/login/")]
    pages += _desk_pages(desk) + _nurse_pages(nurse) + _drug_pages(nurse)
    pages += [Page(*facts) for facts in rems_pages(nurse, manager)]
    pages += [Page(*facts) for facts in texts_pages(visitor, desk, nurse, manager)]
    pages += [
        Page("settings", manager, "/settings/"),
        Page("close", manager, "/closures/new/"),
        Page("limits", manager, "/settings/limits/"),
        Page("numbers", manager, "/numbers/"),
        Page("audit", manager, "/settings/audit/"),
        Page("password", manager, "/accounts/password/change/"),
        Page("second-factor", manager, "/accounts/2fa/"),
        Page("sign-out", manager, "/accounts/logout/"),
        Page("nothing-here", manager, "/nothing-here/"),
    ]
    return pages


def _desk_pages(desk: Person) -> list[Page]:
    desk.go("/today/")
    patients, moves = desk.links(PATIENT), desk.links("/move/")
    cancels, courses = desk.links("/cancel/"), desk.links(r"^/courses/[0-9a-f-]{36}/$")
    desk.go("/demo/phones/")
    phones = desk.links("/demo/phones/.+")
    desk.go("/calls/")
    calls = desk.links(r"^/calls/[0-9a-f-]{36}/$")
    desk.go("/texts/replies/")
    replies = desk.links(r"/texts/replies/[0-9a-f-]{36}/$")
    pages = [
        Page("today", desk, "/today/"),
        Page("book", desk, "/courses/new/"),
        Page("move", desk, moves[0]),
        Page("cancel", desk, cancels[0]),
        Page("course", desk, courses[0]),
        Page("plan", desk, f"{courses[0]}plan/?until=week8"),
        Page("patients", desk, "/patients/"),
        Page("patient", desk, patients[0]),
        Page("patient-edit", desk, f"{patients[0]}edit/"),
        Page("patient-add", desk, "/patients/add/"),
        Page("import", desk, "/patients/import/"),
        Page("calls", desk, "/calls/"),
        Page("call", desk, calls[0]),
        Page("replies", desk, "/texts/replies/"),
        Page("reply", desk, replies[0]),
        Page("other-times", desk, moves[0].replace("/move/", "/other-times/")),
        Page("phones", desk, "/demo/phones/"),
        Page("phone", desk, phones[0]),
        Page("conflicts", desk, "/conflicts/"),
        Page("replan", desk, "/replan/"),
        Page("inductions", desk, "/inductions/"),
        Page("freed", desk, "/freed/"),
        Page("offers-by-text", desk, "/freed/by-text/"),
        Page("no-show", desk, moves[0].replace("/move/", "/no-show/")),
        Page("week", desk, "/week/"),
        Page("what-if", desk, "/week/what-if/?inductions_a_week=2&weeks=1&chairs=1&weekday=1&nurses=0"),
        Page("calendars", desk, "/calendars/"),
        Page("decisions", desk, "/decisions/"),
    ]
    free = next(p for p in _all_patients(desk) if _has_no_course(desk, p))
    return [*pages, Page("book-form", desk, f"/courses/new/?patient={free.split('/')[2]}")]


def _all_patients(desk: Person) -> list[str]:
    desk.go("/patients/")
    return desk.links(PATIENT)


def _has_no_course(desk: Person, patient: str) -> bool:
    desk.go(f"/courses/new/?patient={patient.split('/')[2]}")
    return desk.page.locator("#booking").count() > 0


def _nurse_pages(nurse: Person) -> list[Page]:
    nurse.go("/floor/")
    chairs, alerts = nurse.links("/chair/"), nurse.links("/alerts/")
    nurse.go("/today/")
    records = nurse.links("/record/")
    pages = [Page("floor", nurse, "/floor/"), Page("floor-wall", nurse, "/floor/?wall=1")]
    pages.append(Page("hand-over", nurse, "/floor/hand-over/"))
    pages += [Page(f"chair-{index}", nurse, path) for index, path in enumerate(chairs)]
    return [*pages, Page("alert", nurse, alerts[0]), Page("record", nurse, records[0])]


def _drug_pages(nurse: Person) -> list[Page]:
    nurse.go("/drug/")
    boxes = nurse.links("/drug/kits/")
    nurse.go("/drug/counts/")
    counts = nurse.links(r"/drug/counts/[0-9a-f-]{36}/")
    names = (
        "receive",
        "waste",
        "return",
        "lose",
        "count",
        "counts",
        "ledger",
        "losses",
        "deliveries",
        "audit",
        "lacking",
    )
    return [
        Page("drug", nurse, "/drug/"),
        Page("drug-box", nurse, boxes[0]),
        Page("drug-counted", nurse, counts[0]),
        *[Page(f"drug-{name}", nurse, f"/drug/{name}/") for name in names],
    ]
