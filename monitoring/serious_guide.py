"""What to do after a serious adverse event, each line with its standing: docs/clinical.md, "The REMS". Pure.

No telephone number stands here: the sources that this was compiled from name none. A site enters its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuideLine:
    """`contact` is the kind of number that helps with it, or empty."""

    text: str
    standing: str
    contact: str = ""


GUIDE = (
    GuideLine("The patient first: emergency care where it is needed.", "label", "emergency"),
    GuideLine("Tell the prescriber.", "practice", "prescriber"),
    GuideLine("Write down what happened, when it began and what was done, as it is done.", "REMS"),
    GuideLine("Tell the REMS at once; do not wait for the seventh day of the form.", "REMS", "rems"),
    GuideLine("Answer the form's questions about it: what happened, and the outcome.", "REMS"),
    GuideLine(
        "Report to the manufacturer or the authority where your counsel says so.", "practice", "manufacturer"
    ),
)
# The kinds of number that a site is asked to enter; without them the page says what is missing.
WANTED = ("rems", "prescriber", "emergency", "manufacturer")
