"""Invented people. Any likeness is chance; every number is of the 555-01xx block kept for fiction."""

from dataclasses import dataclass
from datetime import date

PASSWORD = "spravato-demo-2026"  # noqa: S105 - printed on every demo's screen


@dataclass(frozen=True, slots=True)
class StaffMember:
    username: str
    given_name: str
    family_name: str
    roles: tuple[str, ...]


STAFF = (
    StaffMember("desk", "Dana", "Okafor", ("desk",)),
    StaffMember("nurse", "Nadia", "Brandt", ("nurse",)),
    StaffMember("prescriber", "Priya", "Raman", ("prescriber",)),
    StaffMember("manager", "Marcus", "Webb", ("manager",)),
    StaffMember("nurse.lopez", "Elena", "Lopez", ("nurse",)),
    StaffMember("nurse.hale", "Jordan", "Hale", ("nurse",)),
    StaffMember("dr.singh", "Arjun", "Singh", ("prescriber",)),
)
SIGN_INS = STAFF[:4]


@dataclass(frozen=True, slots=True)
class Person:
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    language: str = "en"


_NAMES = """
Amelia Thornton 1984-03-11 female|Benjamin Castillo 1971-09-02 male|Carla Nwosu 1990-12-19 female
Daniel Whitaker 1965-06-24 male|Esther Lindqvist 1978-01-30 female|Frank Delgado 1959-11-08 male es
Grace Holloway 1995-04-17 female|Henry Abbott 1982-08-05 male|Ingrid Solberg 1973-02-14 female
Jamal Richards 1988-10-21 male|Katherine Moody 1969-05-03 female|Luis Herrera 1992-07-27 male es
Miriam Feldman 1961-03-29 female|Nathan Osei 1999-09-13 male|Olivia Pruitt 1986-06-06 female
Peter Vasquez 1975-12-01 male|Quinn Maddox 1993-02-22 other|Rosa Jimenez 1967-08-18 female es
Samuel Kessler 1980-11-25 male|Teresa Calloway 1957-04-09 female|Umar Haddad 1991-01-16 male
Veronica Stokes 1983-10-07 female|Walter Jennings 1954-07-20 male|Xiomara Reyes 1987-05-28 female es
Yusuf Demir 1976-03-04 male|Zoe Fairchild 1998-12-12 female|Adrian Muldoon 1970-09-30 male
Bethany Crowe 1989-06-15 female|Curtis Yamada 1963-02-08 male|Dolores Ibarra 1972-11-19 female es
Elliot Granger 1996-08-23 male|Fiona Mbeki 1985-04-02 female|Gavin Ostrowski 1979-01-27 male
Hannah Sorensen 1994-10-10 female|Ivan Petrakis 1966-07-14 male|Joanna Whitlock 1981-05-21 female
Kyle Benavides 1997-03-18 male|Lorraine Tate 1960-12-05 female|Mateo Salinas 1990-09-09 male es
Nora Gallagher 1977-06-30 female|Oscar Lindgren 1968-02-17 male|Paula Archuleta 1984-11-03 female
"""


def people() -> list[Person]:
    """All of the invented patients, always in the same order."""
    words = [entry.split() for line in _NAMES.strip().splitlines() for entry in line.split("|")]
    return [Person(g, f, date.fromisoformat(born), sex, *rest) for g, f, born, sex, *rest in words]


def phone(area: str, index: int) -> str:
    """The `index`-th number of the fiction block of an area code, in E.164."""
    return f"+1{area}55501{index:02d}"
