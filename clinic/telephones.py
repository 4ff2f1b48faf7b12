"""Telephone numbers as people here say them."""

import phonenumbers


def spoken(number: str) -> str:
    """+16145550100 is (614) 555-0100; what is no full number, such as 911, stays as it is."""
    try:
        parsed = phonenumbers.parse(number, "US")
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    american = parsed.country_code == 1
    shape = (
        phonenumbers.PhoneNumberFormat.NATIONAL if american else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, shape)
