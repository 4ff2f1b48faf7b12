"""What other apps' pages show of texts: who is asked for a place, and whether a number has stopped them."""

from datetime import UTC

from django import template

from notifications import offering, suppression
from notifications.bodies import national

register = template.Library()


@register.simple_tag
def round_by_text(site, starts_at):
    """The round that offers this place by text now, and the turn that may still be answered, if any."""
    return offering.running_at(site, starts_at)


@register.simple_tag(takes_context=True)
def stopped_texts(context, number):
    """Since which day, and who said so, the number gets no texts; None where it does."""
    found = suppression.of(str(getattr(number, "as_e164", number))) if number else None
    if found is None:
        return None
    site = context.get("site")
    day = found.since.astimezone(site.tz if site else UTC).date()
    return {
        "number": national(found.number),
        "day": day,
        "by_provider": found.source == suppression.PROVIDER,
        "read": found.source == suppression.AS_READ,
    }
