"""What Twilio tells us. Signed against the public address; anything else is 403 and changes nothing."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from clinic import clock
from clinic.ids import parse
from notifications import replies, settling
from notifications.models import Message

NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
LONGEST_BODY, LONGEST_NUMBER, LONGEST_SID = 1600, 20, 64


@csrf_exempt
@require_POST
def status(request):
    """How a text fares. An unknown row or an unknown word is accepted: Twilio adds both without notice."""
    if not _signed(request):
        return HttpResponseForbidden()
    form = _form(request)
    sid = form.get("MessageSid", "")[:LONGEST_SID]
    message_id = parse(request.GET.get("message", ""))
    message = Message.objects.filter(pk=message_id).first() if message_id else None
    message = message or (Message.objects.filter(provider_sid=sid).first() if sid else None)
    if message:
        code = form.get("ErrorCode", "")[:60]
        settling.apply_callback(
            message, status=form.get("MessageStatus", ""), sid=sid, code=code, now=clock.now()
        )
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def inbound(request):
    """A patient's text. The answer goes by the outbox, so that a repeated delivery cannot answer twice."""
    if not _signed(request):
        return HttpResponseForbidden()
    form = _form(request)
    sid, number = form.get("MessageSid", ""), form.get("From", "")
    if 0 < len(sid) <= LONGEST_SID and 0 < len(number) <= LONGEST_NUMBER:
        replies.receive(
            from_number=number,
            to_number=form.get("To", "")[:LONGEST_NUMBER],
            body=form.get("Body", "")[:LONGEST_BODY],
            message_sid=sid,
            now=clock.now(),
            opt_out_type=form.get("OptOutType", ""),
        )
    return HttpResponse(NO_REPLY, content_type="text/xml")


def _form(request) -> dict[str, str]:
    """Without the one character that no database keeps."""
    return {name: value.replace("\x00", "") for name, value in request.POST.items()}


def _signed(request) -> bool:
    """By our account's token, over the address that Twilio called, which a proxy may have changed on the way."""
    token, signature = settings.TWILIO_AUTH_TOKEN, request.headers.get("X-Twilio-Signature", "")
    if not token or not signature:
        return False
    url = settings.PUBLIC_BASE_URL + request.get_full_path()
    ours = request.POST.get("AccountSid", "") == settings.TWILIO_ACCOUNT_SID
    return ours and RequestValidator(token).validate(url, request.POST, signature)
