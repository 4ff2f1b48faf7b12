"""What the running system remembers of itself."""

from django.conf import settings
from django.db import models

from clinic import clock
from clinic.ids import new_id


class Heartbeat(models.Model):
    """When a process was last seen alive: "worker", "beat"."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self):
        return self.name


class Tries(models.Model):
    """How often somebody knocked in the stretch that began then. The key is a keyed digest: no address is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    began_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self):
        return f"tries {self.key[:8]}"


class IdempotencyRecord(models.Model):
    """The answer that a request with this Idempotency-Key got, so that a repeat gets the same."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    content_type = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self):
        return f"answer {self.pk}"
