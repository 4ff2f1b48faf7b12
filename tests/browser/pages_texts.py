"""The pages of texts: what became of them, the site's rules and words, the escort's text."""

from collections.abc import Iterator

from tests.browser.stage import Person


def texts_pages(
    visitor: Person, desk: Person, nurse: Person, manager: Person
) -> list[tuple[str, Person, str]]:
    """Name, who looks, and where."""
    visit = next(open_visits(desk))
    return [
        ("texts", desk, "/texts/"),
        ("texts-by-day", desk, "/texts/by-day/?days=30"),
        ("texts-settings", manager, "/settings/texts/"),
        ("texts-words", manager, "/settings/texts/words/reminder/en/"),
        ("texts-words-es", manager, "/settings/texts/words/offer/es/"),
        ("escort", nurse, _escort(nurse)),
        ("visit", visitor, visit),
        ("visit-es", visitor, f"{visit}?lang=es"),
        ("visit-ended", visitor, "/visit/aaaaaaaaaaaaaaaa"),
    ]


def open_visits(desk: Person) -> Iterator[str]:
    """Those whose visits nobody has answered for yet."""
    return (link for link in visits_on_phones(desk) if _is_open(desk, link))


def visits_on_phones(desk: Person) -> Iterator[str]:
    """The links on the demo's telephones, as their texts show them."""
    for phone in phones(desk):
        desk.go(phone)
        yield from desk.links(r"^/visit/[a-z2-7]{16}$")


def phones(desk: Person) -> list[str]:
    desk.go("/demo/phones/")
    return desk.links("/demo/phones/.+")


def _is_open(desk: Person, link: str) -> bool:
    return desk.go(link).get_by_role("button", name="Yes, I will come").count() > 0


def _escort(nurse: Person) -> str:
    """Of the first chair where somebody is observed."""
    nurse.go("/floor/")
    for chair in nurse.links("/chair/"):
        nurse.go(chair)
        if found := nurse.links("/escort-text/"):
            return found[0]
    raise AssertionError("nobody of the demo is observed")
