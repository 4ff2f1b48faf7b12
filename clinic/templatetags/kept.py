"""Parts of a page that are drawn once and shown many times: a board has a hundred lines, and few of them change.

A part is a template that sees nothing but its `line`, a frozen dataclass with all that it shows. So a part that was
drawn for an equal line is the same, whoever looks; there is nothing that could make it wrong.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()
# Several busy boards. A line of a board takes some kilobytes.
MOST = 4096
# Stands in a kept part for the token of whoever looks. Never in anything that people write: it is not printable.
_HOLE = "\x01token\x01"


@register.simple_tag(takes_context=True)
def kept(context, name: str, line: Any) -> SafeString:
    """The template `name`, drawn with `line` alone."""
    drawn = _drawn(name, line, get_language())
    # What was escaped when it was drawn is safe, and so is the token, which is letters and digits.
    return mark_safe(drawn.replace(_HOLE, str(context.get("csrf_token", ""))))  # noqa: S308


@lru_cache(maxsize=MOST)
def _drawn(name: str, line: Any, _language: str | None) -> str:
    return get_template(name).render({"line": line, "csrf_token": _HOLE})
