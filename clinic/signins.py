"""Signing in and out, and failing to, in the audit trail."""

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from clinic import audit, clock


@receiver(user_logged_in)
def signed_in(sender, request, user, **kwargs):
    audit.record("signin", by=user, now=clock.now(), on=user)


@receiver(user_logged_out)
def signed_out(sender, request, user, **kwargs):
    if user is not None:
        audit.record("signout", by=user, now=clock.now(), on=user)


@receiver(user_login_failed)
def failed(sender, credentials, request=None, **kwargs):
    # Not the name that was typed: people type their password into the wrong field.
    audit.record("signin.failed", by=None, now=clock.now())


@receiver(user_locked_out)
def locked(sender, request, username=None, **kwargs):
    audit.record("signin.locked", by=None, now=clock.now())
