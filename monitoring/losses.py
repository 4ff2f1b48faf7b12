"""What the DEA was told of a loss, and by when it must be told."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import checks, public_holidays
from clinic.errors import Fault, Invalid, Refused
from clinic.models import Site
from monitoring import dea
from monitoring.checks import in_future
from monitoring.enums import LossNature
from monitoring.ledger import tell
from monitoring.models import LossReport, StockCount

REPORTABLE = (LossNature.THEFT, LossNature.SIGNIFICANT)


@dataclass(frozen=True, slots=True)
class Clock:
    """One duty: until when, when it was done, and whether it is late."""

    due_on: date
    done_at: datetime | None
    late: bool


@dataclass(frozen=True, slots=True)
class Clocks:
    notice: Clock
    form: Clock

    @property
    def running(self) -> bool:
        return self.notice.done_at is None or self.form.done_at is None


def clocks(report: LossReport, *, now: datetime) -> Clocks | None:
    """The two clocks of the law; None for a loss that was judged not significant."""
    if report.nature not in REPORTABLE:
        return None
    tz = report.site.tz
    found_on = report.discovered_at.astimezone(tz).date()
    holidays = [
        day for year in (found_on.year, found_on.year + 1) for day in public_holidays.of_year("US", year)
    ]
    duties = (
        (dea.notice_due_on(found_on, holidays), report.notice_at),
        (dea.form_106_due_on(found_on), report.form_at),
    )
    return Clocks(*(Clock(due, done, (done or now).astimezone(tz).date() > due) for due, done in duties))


@transaction.atomic
def record_notice(*, report: LossReport, at: datetime, how: str, by, now: datetime) -> LossReport:
    """The field division office was told, in writing.

    Raises:
        Invalid: not said how, a time to come or before the discovery.
        Refused: `recorded`: it was written down before.
    """
    report = _locked(report)
    facts = {"how": how}
    faults = checks.text(facts, "how", 200) + _time_faults(report, at, now)
    if faults:
        raise Invalid(faults)
    if report.notice_at:
        raise Refused.because("recorded", _("The notice is written down already."))
    report.notice_at, report.notice_by, report.notice_how = at, by, facts["how"]
    report.save(update_fields=["notice_at", "notice_by", "notice_how"])
    tell("drug.loss_notice", report.site, by, now, on=report, at=at.isoformat(), how=facts["how"])
    return report


@transaction.atomic
def record_form(*, report: LossReport, at: datetime, number: str, by, now: datetime) -> LossReport:
    """Form 106 was filed.

    Raises:
        Invalid: no number, a time to come or before the discovery.
        Refused: `recorded`: it was written down before.
    """
    report = _locked(report)
    facts = {"number": number}
    faults = checks.text(facts, "number", 80) + _time_faults(report, at, now)
    if faults:
        raise Invalid(faults)
    if report.form_at:
        raise Refused.because("recorded", _("The form is written down already."))
    report.form_at, report.form_by, report.form_number = at, by, facts["number"]
    report.save(update_fields=["form_at", "form_by", "form_number"])
    tell("drug.loss_form", report.site, by, now, on=report, at=at.isoformat(), number=facts["number"])
    return report


def open_reports(site: Site, *, now: datetime) -> list[tuple[LossReport, Clocks]]:
    """Those with a clock still running."""
    rows = LossReport.objects.filter(site=site, nature__in=REPORTABLE).select_related("site")
    found = [(row, clocks(row, now=now)) for row in rows]
    return [(row, pair) for row, pair in found if pair and pair.running]


def inventory_due(site: Site) -> date | None:
    """By when the next inventory of the law; None where there has been none, so that it is due now."""
    last = StockCount.objects.filter(site=site, kind="inventory").order_by("-at").first()
    return dea.inventory_due_on(last.at.astimezone(site.tz).date()) if last else None


def _locked(report: LossReport) -> LossReport:
    return LossReport.objects.select_for_update(of=("self",)).select_related("site").get(pk=report.pk)


def _time_faults(report: LossReport, at: datetime, now: datetime) -> list[Fault]:
    faults = in_future(at, now, "at")
    if at < report.discovered_at:
        faults.append(Fault("impossible", _("Not before the loss was discovered."), "at"))
    return faults
