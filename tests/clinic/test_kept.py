"""Parts of a page that are drawn once."""

from dataclasses import dataclass

import pytest
from django.template import Context, Template
from django.utils import translation

from clinic.templatetags import kept

PART = "{{ line.who }} {{ site }} {% csrf_token %}"


@dataclass(frozen=True)
class Line:
    who: str


@pytest.fixture
def drawn(monkeypatch):
    """How often the part was drawn."""
    counted = []

    def get_template(name):
        counted.append(name)
        made = Template(PART)
        made.render = lambda values, render=made.render: render(Context(values))
        return made

    kept._drawn.cache_clear()
    monkeypatch.setattr(kept, "get_template", get_template)
    yield counted
    kept._drawn.cache_clear()


def show(line, **more):
    return Template('{% load kept %}{% kept "part.html" line %}').render(Context({"line": line, **more}))


def test_equal_lines_are_drawn_once_and_others_anew(drawn):
    assert show(Line("Doe, Avery")) == show(Line("Doe, Avery"))
    assert len(drawn) == 1
    assert "Roe" in show(Line("Roe, Avery"))
    with translation.override("es"):
        show(Line("Roe, Avery"))
    assert len(drawn) == 3


def test_each_form_has_the_token_of_whoever_looks(drawn):
    pages = [show(Line("Doe, Avery"), csrf_token=token) for token in ("first", "second")]
    assert [('value="first"' in page, 'value="second"' in page) for page in pages] == [
        (True, False),
        (False, True),
    ]
    assert len(drawn) == 1


def test_a_part_sees_its_line_alone_and_names_are_escaped(drawn):
    page = show(Line("<b>"), site="Somewhere")
    assert "Somewhere" not in page
    assert "&lt;b&gt;" in page
