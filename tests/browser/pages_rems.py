"""Pages of the monitoring form, serious events and papers with the REMS."""

from tests.browser.stage import Person

FORM = r"^/forms/[0-9a-f-]{36}/$"
PATIENT = r"^/patients/[0-9a-f-]{36}/$"


def rems_pages(nurse: Person, manager: Person) -> list[tuple[str, Person, str]]:
    nurse.go("/forms/")
    forms, events = nurse.links(FORM), nurse.links(r"^/serious/")
    nurse.go("/floor/")
    session = nurse.links("/chair/")[0].removesuffix("chair/")
    nurse.go("/patients/")
    patient = nurse.links(PATIENT)[0]
    return [
        ("forms", nurse, "/forms/"),
        ("form", nurse, forms[0]),
        ("form-missing", nurse, forms[1]),
        ("serious", nurse, events[0]),
        ("serious-flag", nurse, f"{session}serious/"),
        ("enrolment", nurse, f"{patient}enrolment/"),
        ("reach", nurse, "/me/"),
        ("rems-settings", manager, "/settings/rems/"),
    ]
