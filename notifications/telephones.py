"""Whose telephone a number is: of patients, of whoever takes patients home, of the staff. It may be several at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinic.enums import Language
from clinic.models import Patient, Site, User


@dataclass(frozen=True, slots=True)
class Owners:
    """`escorted`: the patients whom the owner takes home. All of them still with the clinic; empty: a stranger."""

    patients: Sequence[Patient]
    escorted: Sequence[Patient]
    staff: Sequence[User]

    @property
    def sites(self) -> list[Site]:
        """Where they belong, each once: patients' own sites before those of their escorts and the staff."""
        found = [patient.site for patient in (*self.patients, *self.escorted)]
        found += [member.site for user in self.staff for member in user.memberships.all()]
        return list(dict.fromkeys(found))

    @property
    def language(self) -> str:
        """That they all speak, patients first; English where they do not, or nobody knows."""
        others: list[Patient | User] = [*self.escorted, *self.staff]
        spoken = {owner.language for owner in self.patients or others}
        return spoken.pop() if len(spoken) == 1 else Language.ENGLISH


def owners_of(number: str, *, site: Site | None = None) -> Owners:
    """In four queries; with `site`, those who belong there."""
    patients = Patient.objects.filter(active=True).select_related("site").order_by("family_name", "pk")
    staff = User.objects.filter(mobile=number, is_active=True).prefetch_related("memberships__site")
    if site is not None:
        patients, staff = patients.filter(site=site), staff.filter(memberships__site=site).distinct()
    return Owners(
        list(patients.filter(phone=number)), list(patients.filter(escort_phone=number)), list(staff)
    )
