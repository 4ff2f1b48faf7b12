"""What is printed: shown as a PDF, under a name that does not say whose it is."""

from django.views.decorators.http import require_safe

from clinic import clock, pdf
from clinic.access import May
from monitoring import papers
from monitoring.views.rems import form_of
from monitoring.views.sessions import session_of


@require_safe
def form_pdf(request, form_id):
    form = form_of(request, form_id, May.REPORT)
    content = papers.print_form(form=form, by=request.user, now=clock.now())
    return pdf.answer(content, f"form-{form.session_on:%Y-%m-%d}-{form.pk.hex[-6:]}")


@require_safe
def summary(request, session_id):
    session = session_of(request, session_id, May.REPORT)
    content = papers.print_summary(session=session, by=request.user, now=clock.now())
    return pdf.answer(content, f"session-{session.local_date:%Y-%m-%d}-{session.pk.hex[-6:]}")


@require_safe
def instructions(request, session_id):
    session = session_of(request, session_id, May.SEE)
    language = request.GET.get("language", "")
    content = papers.print_instructions(session=session, language=language, by=request.user, now=clock.now())
    return pdf.answer(content, "instructions")
