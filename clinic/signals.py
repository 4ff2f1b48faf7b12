"""What the clinic app tells whoever is above it, inside the transaction of the change."""

from django.dispatch import Signal

# Another name, number, language, zone or consent. Arguments: patient, by, now.
patient_changed = Signal()
