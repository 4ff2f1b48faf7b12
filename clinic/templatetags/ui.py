"""Small pieces that pages share: icons, times as the clinic speaks, pills."""

from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic import moments, telephones

register = template.Library()
_ICONS = Path(settings.BASE_DIR) / "static" / "vendor" / "bootstrap-icons"
# Icon and colour of each status of a session; the word is always beside them.
_STATUS = {
    "booked": ("calendar-day", "quiet"),
    "arrived": ("person-check", "accent"),
    "dosing": ("droplet", "accent"),
    "observing": ("activity", "accent"),
    "ready": ("check-circle-fill", "good"),
    "completed": ("check-lg", "quiet"),
    "cancelled": ("x-lg", "quiet"),
    "no_show": ("person-x", "amber"),
}


@cache
def _svg(name: str) -> str:
    return (
        (_ICONS / f"{name}.svg").read_text().replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the vendored icons, as part of the page. It never carries meaning alone."""
    return mark_safe(_svg(name))  # noqa: S308 - a file of ours


@register.filter
def clinic_time(moment: datetime | None, site) -> str:
    """Tue 9 Dec, 9:00 AM in the site's zone."""
    if moment is None:
        return ""
    local = moment.astimezone(site.tz)
    stamp = f"{date_format(local, 'D j M')}, {_clock(local)}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), stamp)


@register.filter
def clock(moment: datetime | None, site) -> str:
    """9:00 AM in the site's zone."""
    if moment is None:
        return ""
    local = moment.astimezone(site.tz)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), _clock(local))


@register.filter
def day(value: date | None) -> str:
    """Tue 9 Dec 2026."""
    return date_format(value, "D j M Y") if value else ""


@register.simple_tag
def due(moment: datetime, words: str = "") -> SafeString:
    """A countdown that the page keeps: "in 12 min", "3 min late". `words` goes before it."""
    return format_html(
        '<span class="due" data-due="{}"><span class="visually-hidden">{}</span>'
        "<span data-due-text>{}</span></span>",
        moment.isoformat(),
        words,
        "",
    )


@register.simple_tag
def status_pill(session) -> SafeString:
    name, tone = _STATUS[session.status]
    return format_html(
        '<span class="pill pill-{}">{} {}</span>', tone, icon(name), session.get_status_display()
    )


@register.simple_tag
def confirmation_pill(session) -> SafeString:
    if session.confirmation == "confirmed":
        return format_html('<span class="pill pill-good">{} {}</span>', icon("check-lg"), _("Confirmed"))
    if session.confirmation == "wants_change":
        return format_html(
            '<span class="pill pill-amber">{} {}</span>', icon("arrow-repeat"), _("Wants another time")
        )
    return SafeString("")


@register.filter
def masked(number: object) -> str:
    """A telephone number that a passer-by cannot use: the last two digits."""
    text = str(getattr(number, "as_e164", number) or "")
    return f"••• ••{text[-2:]}" if text else ""


@register.filter
def telephone(number: str) -> str:
    return telephones.spoken(number)


@register.filter
def lookup(mapping, key):
    """A value of a dictionary by a key that only the page knows."""
    return mapping.get(key, "")


def _clock(local: datetime) -> str:
    # A no-break space: the half of the day stays with its hour.
    return f"{local.hour % 12 or 12}:{local.minute:02}\N{NO-BREAK SPACE}{'AM' if local.hour < 12 else 'PM'}"


@register.filter
def clinic_words(moment: datetime, site) -> str:
    """As `clinic_time`, in plain words: an option of a select holds no markup."""
    local = moment.astimezone(site.tz)
    return f"{date_format(local, 'D j M')}, {_clock(local)}"


@register.filter
def weekday(shift) -> str:
    """The day of a weekly shift, or the date of one that is once."""
    from clinic.forms.places import WEEKDAYS

    return str(WEEKDAYS[shift.weekday]) if shift.weekday is not None else ""


@register.filter
def nth(items, index: int):
    """The item at an index that only the page knows."""
    return items[index]


@register.filter
def in_words(minutes: int) -> str:
    """So many minutes as people say it."""
    return moments.length_in_words(minutes)


@register.filter
def percent(share: float) -> str:
    return f"{round(share * 100)} %"


@register.filter
def by_day(moments, site):
    """Instants day by day, as the site's calendar has them."""
    days = groupby(sorted(moments), key=lambda moment: moment.astimezone(site.tz).date())
    return [(day, list(of_it)) for day, of_it in days]
