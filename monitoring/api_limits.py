"""A site's limits and checkpoints, as JSON."""

from typing import Annotated

from ninja import Router
from pydantic import Field

from clinic import clock
from clinic.access import May
from clinic.api import site_of
from clinic.schemas import Body, Small
from monitoring import site_limits

router = Router(tags=["The chair"])
Minutes = Annotated[list[Small], Field(max_length=100)]


class LimitsPatch(Body):
    """Null is the default again."""

    checkpoint_minutes: Minutes | None = None
    flagged_minutes: Minutes | None = None
    alert_minutes: Small | None = None
    observation_minutes: Small | None = None
    observe_from_last_device: bool | None = None
    systolic_before_amber: Small | None = None
    diastolic_before_amber: Small | None = None
    systolic_before_red: Small | None = None
    diastolic_before_red: Small | None = None
    systolic_rise_amber: Small | None = None
    diastolic_rise_amber: Small | None = None
    systolic_red_twice: Small | None = None
    diastolic_red_twice: Small | None = None
    systolic_red_once: Small | None = None
    diastolic_red_once: Small | None = None
    spo2_amber: Small | None = None
    spo2_red_twice: Small | None = None
    spo2_red_once: Small | None = None
    sedation_amber: Small | None = None
    sedation_red: Small | None = None
    heart_rate_red: Small | None = None
    repeat_minutes: Small | None = None
    reading_now_minutes: Small | None = None
    late_minutes: Small | None = None


@router.get("/sites/{site_id}/limits", response=dict, summary="By what readings are judged at this site")
def get_limits(request, site_id: str):
    """Blood pressures in mmHg, SpO2 in per cent, pulse a minute, sedation as MOAA/S, the rest in minutes."""
    return site_limits.in_force(site_of(request, site_id, May.SEE))


@router.patch("/sites/{site_id}/limits", response=dict, summary="Change some of a site's limits")
def change_limits(request, site_id: str, payload: LimitsPatch):
    """Only what is in the body changes; null is the default again. 422 names every limit that cannot be, alone
    (`out_of_range`) or beside another (`not_below`, `above`)."""
    site = site_of(request, site_id, May.MANAGE)
    changes = payload.dict(exclude_unset=True)
    return site_limits.in_force(
        site_limits.change_limits(site=site, changes=changes, by=request.user, now=clock.now())
    )
