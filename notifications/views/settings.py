"""A site's texts: whether they go, when, in which words, how many, and a test."""

from typing import Any

from django.contrib import messages as flash
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic import access, clock
from clinic.access import May
from clinic.enums import Language
from clinic.errors import Refused
from clinic.forms import add_faults, posted
from notifications import houses, own_words, sender, telling, watch, wording
from notifications.enums import MessageKind
from notifications.forms_settings import PolicyForm, RuleFormSet, TestForm, WordsForm, initial_of
from notifications.notices import test_text

ADDRESS = "notifications:settings-texts"


@require_safe
def texts(request):
    return _page(request, access.site_in_hand(request, May.MANAGE))


@require_POST
def rules(request):
    site = access.site_in_hand(request, May.MANAGE)
    forms = RuleFormSet(request.POST, prefix="rules")
    if forms.is_valid():
        wanted = [(index, rule) for index, form in enumerate(forms) if (rule := form.rule())]
        try:
            telling.set_rules(
                site=site, rules=[rule for _index, rule in wanted], by=request.user, now=clock.now()
            )
        except Refused as refusal:
            _mark(forms, [index for index, _rule in wanted], refusal.faults)
        else:
            return _saved(request, _("Saved. What is not yet sent follows the new rules."))
    return _page(request, site, status=422, rules=forms)


@require_POST
def policy(request):
    site = access.site_in_hand(request, May.MANAGE)
    form = PolicyForm(request.POST)
    if form.is_valid():
        try:
            telling.set_policy(site=site, changes=form.cleaned_data, by=request.user, now=clock.now())
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            return _saved(request, _("Saved."))
    else:
        # What was no number at all is told together with the rest.
        add_faults(form, telling.faults_of_policy(form.cleaned_data))
    return _page(request, site, status=422, policy=form)


@require_POST
def test(request):
    """A text to somebody's own telephone: does it arrive?"""
    site = access.site_in_hand(request, May.MANAGE)
    form = TestForm(request.POST)
    if form.is_valid():
        test_text(site, form.cleaned_data["number"], by=request.user, now=clock.now())
        return _saved(request, _("It is on its way. The Texts page tells what became of it."))
    return _page(request, site, status=422, test=form)


@require_POST
def start(request):
    """Somebody has mended the settings."""
    access.site_in_hand(request, May.MANAGE)
    sender.start_again(by=request.user, now=clock.now())
    return _saved(request, _("Texts go again."))


@require_http_methods(["GET", "HEAD", "POST"])
def words(request, kind, language):
    site = access.site_in_hand(request, May.MANAGE)
    if kind not in own_words.EDITABLE or language not in Language.values:
        raise Http404
    stands = telling.words_of(site)[kind, language]
    form = WordsForm(posted(request), initial={"text": stands})
    if request.method == "POST" and form.is_valid():
        changes = {"kind": kind, "language": language, "text": form.cleaned_data["text"]}
        try:
            telling.set_words(site=site, by=request.user, now=clock.now(), **changes)
        except Refused as refusal:
            add_faults(form, refusal.faults)
        else:
            return _saved(request, _("Saved. What is not yet sent says it in the new words."))
    text = form.data.get("text", stands) if form.is_bound else stands
    context = {
        "site": site,
        "form": form,
        "kind": kind,
        "language": language,
        "label": _label(kind),
        "language_label": Language(language).label,
        "ours": wording.ours(kind, language),
        "names": sorted(own_words.EDITABLE[kind] | own_words.may_hold(kind)),
        "shown": own_words.shown(kind, language, text or wording.ours(kind, language)),
    }
    return render(request, "notifications/words.html", context, status=422 if form.errors else 200)


@require_POST
def check(request, kind, language):
    """How a wording would arrive, while it is typed. Writes nothing; posted, so that no address holds the words."""
    access.site_in_hand(request, May.MANAGE)
    if kind not in own_words.EDITABLE or language not in Language.values:
        raise Http404
    text = request.POST.get("text", "").strip()[: 2 * own_words.LONGEST]
    shown = own_words.shown(kind, language, text or wording.ours(kind, language))
    return render(request, "notifications/words.html#shown", {"shown": shown})


def _page(request, site, *, status=200, **bound):
    now = clock.now()
    context = {
        "site": site,
        "troubles": watch.troubles(now=now),
        "rules": RuleFormSet(prefix="rules", initial=[initial_of(rule) for rule in telling.rules_of(site)]),
        "policy": PolicyForm(
            initial={name: getattr(houses.policy_of(site), name) for name in telling.POLICY}
        ),
        "test": TestForm(),
        "words": _words(site),
        **bound,
    }
    return render(request, "notifications/settings.html", context, status=status)


def _words(site) -> list[dict[str, Any]]:
    """Each text with what it says in each language."""
    stands = telling.words_of(site)
    return [
        {
            "kind": kind,
            "label": _label(kind),
            "said": [
                {"code": code, "language": label, "text": stands[kind, code]}
                for code, label in Language.choices
            ],
        }
        for kind in own_words.EDITABLE
    ]


def _label(kind: str) -> str:
    base, _underline, variant = kind.partition("_")
    variants = {"many": _("for several visits"), "detailed": _("with the preparation")}
    label = str(MessageKind(base).label)
    return f"{label}, {variants[variant]}" if variant else label


def _mark(forms, lines, faults) -> None:
    """Each fault beside its line; `rules[i]` counts the lines that hold a rule."""
    for fault in faults:
        _head, _bracket, rest = fault.field.partition("[")
        if not rest:
            forms._non_form_errors.append(fault.detail)
            continue
        number, _bracket, name = rest.partition("].")
        name = {"days": "number", "hours": "number"}.get(name, name)
        forms[lines[int(number)]].add_error(name, fault.detail)


def _saved(request, words: str):
    flash.success(request, words)
    return redirect(ADDRESS)
