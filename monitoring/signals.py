"""What the chairside tells whoever is above it. Always `send_robust`: no text may stop a nurse from saving."""

from django.db import transaction
from django.dispatch import Signal

from clinic import logs

# Arguments: session, alert, now.
alert_raised = Signal()
# Nobody acknowledged it in time. Arguments: session, alert, people (users who have it now), step (from 1), now.
alert_escalated = Signal()
# Arguments: session, now.
session_ready = Signal()
session_left = Signal()
# Arguments: form, owner, now. Due tomorrow, today or late; once a day.
form_due = Signal()
# Arguments: event, now. Somebody flagged a serious adverse event.
serious_flagged = Signal()

_log = logs.get(__name__)


def tell(signal: Signal, **arguments) -> None:
    """Send within a savepoint: a receiver that fails leaves the nurse's transaction whole."""
    try:
        with transaction.atomic():
            for receiver, answer in signal.send_robust(sender=None, **arguments):
                if isinstance(answer, Exception):
                    raise _ReceiverFailed(receiver) from answer
    except _ReceiverFailed as failure:
        _log.error("receiver_failed", receiver=str(failure), exc_info=failure.__cause__)


class _ReceiverFailed(Exception):
    pass
