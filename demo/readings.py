"""Invented readings that look like two hours after a dose. Pure, and the same for the same seed.

Units as in a checkpoint: mmHg, beats and breaths a minute, per cent, MOAA/S. Peaks stand where the label has
them: pressure and dissociation at about 40 minutes, sedation at 30 to 45.
"""

import random
from typing import Any

# Minute after T0: rise of systolic, diastolic, pulse; fall of SpO2; sedation; dissociation.
_COURSE: dict[int, tuple[int, int, int, int, int, str]] = {
    15: (8, 5, 4, 0, 5, "mild"),
    30: (14, 9, 7, 1, 4, "moderate"),
    40: (18, 11, 8, 1, 4, "moderate"),
    60: (12, 8, 5, 1, 5, "mild"),
    90: (6, 4, 3, 0, 5, "none"),
    120: (2, 1, 1, 0, 5, "none"),
}
MINUTES = tuple(_COURSE)


def before(seed: int) -> dict[str, int]:
    """Vital signs before the dose, all within the label's limits."""
    chance = random.Random(seed)
    return {
        "systolic": chance.randint(112, 134),
        "diastolic": chance.randint(68, 84),
        "heart_rate": chance.randint(62, 84),
        "spo2": chance.randint(96, 99),
    }


def after(seed: int, minute: int) -> dict[str, Any]:
    """The reading at one of `MINUTES`."""
    base, chance = before(seed), random.Random(seed * 1000 + minute)
    systolic, diastolic, pulse, fall, sedation, dissociation = _COURSE[minute]
    return {
        "systolic": base["systolic"] + systolic + chance.randint(-3, 3),
        "diastolic": base["diastolic"] + diastolic + chance.randint(-2, 2),
        "heart_rate": base["heart_rate"] + pulse + chance.randint(-3, 3),
        "spo2": max(95, base["spo2"] - fall),
        "respiratory_rate": chance.randint(13, 17),
        "sedation": sedation,
        "dissociation": dissociation,
        "symptoms": [],
    }
