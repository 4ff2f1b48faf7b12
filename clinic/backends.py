"""Who is signed in, and where they work: one query for every page."""

from allauth.account.auth_backends import AuthenticationBackend

from clinic.sites import memberships


class Backend(AuthenticationBackend):
    def get_user(self, user_id):
        rows = memberships(user_id)
        user = rows[0].user if rows else super().get_user(user_id)
        if user is None or not self.user_can_authenticate(user):
            return None
        user.known_memberships = rows  # type: ignore[union-attr]
        return user
