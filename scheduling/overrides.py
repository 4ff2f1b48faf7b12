"""Reasons for warnings that want one, to and from a page: fields `reason-CODE`."""

from collections.abc import Iterable, Mapping
from typing import Any

from clinic.errors import Fault

PREFIX = "reason-"


def reasons_in(form: Mapping[str, Any]) -> dict[str, str]:
    """What was given as reasons: {code: reason}."""
    return {
        name.removeprefix(PREFIX): str(form[name]) for name in form if name.startswith(PREFIX) and form[name]
    }


def wanted_reasons(faults: Iterable[Fault], form: Mapping[str, Any]) -> list[dict[str, str]]:
    """The fields that a page must show now, with what was typed already."""
    wanted = {f.extra["warning"]: f.detail for f in faults if f.code == "reason_required"}
    return [
        {
            "name": f"{PREFIX}{code}",
            "code": code,
            "detail": detail,
            "value": str(form.get(f"{PREFIX}{code}", "")),
        }
        for code, detail in wanted.items()
    ]
