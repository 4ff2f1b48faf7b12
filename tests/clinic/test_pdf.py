"""What goes onto paper."""

import importlib
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import translation
from pypdf import PdfReader

from clinic import pdf, problems
from clinic.middleware import RequestContextMiddleware
from clinic.models import User

NOW = datetime(2026, 3, 2, 15, 4, tzinfo=UTC)
PAGE = """{% extends "pdf/base.html" %}{% block title %}Count of {{ day }}{% endblock %}
{% block content %}<h1>Count</h1>{{ at|date:"H:i" }}
{% for row in rows %}<p>Row {{ row }}</p>{% endfor %}{% endblock %}"""


@pytest.fixture
def write(settings, tmp_path):
    """Put a template into a folder of its own and give its name."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]

    def template(text=PAGE):
        (tmp_path / "page.html").write_text(text)
        return "page.html"

    return template


def read(content):
    return PdfReader(io.BytesIO(content))


@pytest.mark.pdf
def test_a_pdf_is_tagged_and_says_its_title_and_language(write):
    paper = read(pdf.render(write(), {"day": "Friday"}))
    assert paper.metadata.title == "Count of Friday"
    assert paper.trailer["/Root"]["/Lang"] == "en"
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in paper.trailer["/Root"]


@pytest.mark.pdf
def test_a_pdf_in_spanish_says_so(write):
    with translation.override("es"):
        paper = read(pdf.render(write(), {}))
    assert paper.trailer["/Root"]["/Lang"] == "es"


@pytest.mark.pdf
def test_the_foot_of_each_page_counts_and_says_who_printed_it_and_when(write):
    who = User(username="nurse", first_name="Ana", last_name="Ruiz")
    paper = read(
        pdf.render(write(), {"rows": range(120)}, by=who, now=NOW, zone=ZoneInfo("America/New_York"))
    )
    total = len(paper.pages)
    assert total > 2
    for number, sheet in enumerate(paper.pages, start=1):
        words = " ".join(sheet.extract_text().split())
        assert f"Page {number} of {total}" in words
        assert "Printed by Ana Ruiz, 2026-03-02 10:04 EST" in words


@pytest.mark.pdf
def test_times_are_those_of_the_site(write):
    paper = read(pdf.render(write(), {"at": NOW}, zone=ZoneInfo("America/Denver")))
    assert "08:04" in paper.pages[0].extract_text()


@pytest.mark.pdf
@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/logo.svg",
        "http://127.0.0.1:8000/static/icon.svg",
        "file:///etc/passwd",
        "../clinic/settings.py",
        "css/",
        "css/no-such-file.css",
    ],
)
def test_nothing_but_our_own_static_files_is_read(write, address):
    engine = importlib.import_module("clinic.pdf_engine")
    with pytest.raises(engine.FatalURLFetchingError):
        pdf.render(write(f'<html lang="en"><title>x</title><img alt="x" src="{address}"></html>'), {})


@pytest.mark.pdf
def test_our_own_static_files_are_read(write):
    page = '<html lang="en"><title>x</title><img alt="a leaf" src="icon.svg"></html>'
    assert b"%PDF" in pdf.render(write(page), {})


@pytest.fixture
def without_pango(monkeypatch):
    """As on a machine where the loader does not find the library."""

    found = importlib.import_module

    def missing(name, *more):
        if name == "clinic.pdf_engine":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return found(name, *more)

    monkeypatch.setattr(importlib, "import_module", missing)


def test_a_machine_without_pango_says_what_to_install(write, without_pango):
    with pytest.raises(pdf.NotInstalled) as caught:
        pdf.render(write(), {})
    assert caught.value.codes == ["pdf_not_installed"]
    assert "libpango-1.0-0" in caught.value.faults[0].detail
    assert problems.refused(caught.value).status_code == 503


def test_the_page_of_a_machine_without_pango_is_503_with_the_words(write, without_pango):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with pytest.raises(pdf.NotInstalled) as caught:
        pdf.render(write(), {})
    response = RequestContextMiddleware(lambda r: None).process_exception(request, caught.value)
    assert response.status_code == 503
    assert b"apt-get install libpango-1.0-0" in response.content


def test_an_answer_is_shown_in_the_browser_under_a_name_without_a_patient():
    response = pdf.answer(b"%PDF-1.7", "count-2026-03-02")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="count-2026-03-02.pdf"'
