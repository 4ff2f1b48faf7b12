"""A client of the API as another system would be: a token, JSON, nothing else."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from clinic import tokens
from clinic.enums import Role
from tests.factories import make_user

JSON = "application/json"


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.body["errors"]]

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.body["errors"]]


class Api:
    def __init__(self, user):
        self.user = user
        now = datetime(2026, 1, 1, tzinfo=UTC)
        self.token = tokens.make(user=user, name="test", by=None, now=now)

    def get(self, path, **params):
        return self._answer(Client().get(f"/api/v1{path}", params, **self._headers()))

    def post(self, path, body=None, key=None):
        return self.send("post", path, json.dumps(body or {}), key)

    def patch(self, path, body):
        return self.send("patch", path, json.dumps(body))

    def send(self, method, path, content, key=None):
        """With raw content, malformed or not."""
        headers = self._headers() | ({"HTTP_IDEMPOTENCY_KEY": key} if key else {})
        client = Client(raise_request_exception=False)
        return self._answer(client.generic(method.upper(), f"/api/v1{path}", content, JSON, **headers))

    def _headers(self):
        return {"HTTP_AUTHORIZATION": f"Bearer {self.token}"}

    @staticmethod
    def _answer(response):
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(
            response.status_code, json.loads(response.content) if is_json else None, response.headers
        )


def team(site):
    """A client for each role of the site, and the manager's for making more."""
    return {str(role): Api(make_user(site=site, role=role)) for role in Role}
