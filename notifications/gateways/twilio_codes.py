"""What Twilio's error codes mean for a text. Pure.

The names are those of Twilio's error dictionary; the kind beside each is our judgement of what to do. A code that
does not stand here is final and shown to a person: an unknown fault is never tried again by itself.
"""

CONFIGURATION, SUPPRESS, NUMBER, PERMANENT, TRANSIENT, SLOW_DOWN = (
    "configuration",
    "suppress",
    "number",
    "permanent",
    "transient",
    "slow_down",
)

_KINDS = {
    CONFIGURATION: """
        20003 20404 21212 21408 21603 21606 21608 21703 21704 21705
        30002 30032 30033 30034 30035 30450
    """,
    SUPPRESS: "21610",
    NUMBER: "21211 21612 21614 30004 30005 30006",
    # Ours to mend, or the words: repeating would only repeat it.
    PERMANENT: "21602 21604 21617 30007 30036 30410 35114 35115 35118",
    TRANSIENT: "14107 21611 30001 30003 30008 30022 30023 30027 35125 60728 63038",
    SLOW_DOWN: "20429",
}
KIND_OF = {int(code): kind for kind, codes in _KINDS.items() for code in codes.split()}

# "Not enabled for that region": a fault of our settings for the country in which the clinics are, which would fail for
# everybody. For one number abroad it is that number's, and no reason to stop the texts of all the others.
_NO_REGION, _HOME = 21408, "+1"


def kind_of(status: int, code: int | None, to: str) -> str | None:
    """What an answer of `status` with Twilio's `code` to a text for the number `to` means; None: nobody knows whether
    the text went."""
    if status >= 500:
        return None
    if code == _NO_REGION and not to.startswith(_HOME):
        return NUMBER
    if code in KIND_OF:
        return KIND_OF[code]
    if status == 429:
        return SLOW_DOWN
    return CONFIGURATION if status in (401, 403) else PERMANENT
