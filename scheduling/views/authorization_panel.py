"""The panel of a course's authorizations: what is used, and the forms for whoever may write them."""

from collections.abc import Mapping
from typing import Any

from clinic import access, clock
from clinic.access import May
from scheduling import authorizations
from scheduling.authorizations import FIELDS, Shown
from scheduling.forms.authorizations import AuthorizationForm, ChangeForm, EndForm
from scheduling.models import Course


def of(user, course: Course, typed: Mapping[str, Any]) -> dict[str, Any]:
    """`typed`: forms that came back with faults, by "new", "change-ID" or "end-ID"."""
    may = access.may(user, May.KEEP_PATIENTS, course.site)
    found = authorizations.shown(course, now=clock.now())
    new = typed.get("new") or AuthorizationForm(site=course.site, prefix="new", initial={"owner": user.pk})
    return {
        "may_authorize": may,
        "authorizations": [_line(item, course, typed, may) for item in found],
        "new_authorization": new if may else None,
    }


def _line(item: Shown, course: Course, typed: Mapping[str, Any], may: bool) -> dict[str, Any]:
    line: dict[str, Any] = {"item": item, "changes": [e for e in item.row.events.all() if e.reason]}
    if may and item.status != "ended":
        change, end = f"change-{item.row.pk}", f"end-{item.row.pk}"
        was = {name: getattr(item.row, name) for name in FIELDS}
        line["change"] = typed.get(change) or ChangeForm(site=course.site, prefix=change, initial=was)
        line["end"] = typed.get(end) or EndForm(prefix=end)
    return line
