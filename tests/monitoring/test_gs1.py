"""What a scanner types, read."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import gs1
from monitoring.gs1 import Scan, Unreadable

GTIN2, GTIN3 = "00350458028027", "00350458028034"
GS = "\x1d"


def test_the_gtins_of_the_kits_have_their_check_digits():
    assert [gs1.gtin_of("50458-028-02"), gs1.gtin_of("50458-028-03")] == [GTIN2, GTIN3]
    assert gs1.is_gtin("00614141999996")  # the example of the GS1 General Specifications
    assert not gs1.is_gtin("00614141999995")


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        (
            f"(01){GTIN2}(17)270131(10)5JG2201(21)000123456789",
            Scan(GTIN2, date(2027, 1, 31), "5JG2201", "000123456789"),
        ),
        (
            f"01{GTIN3}1727013110AB12{GS}21SER1",
            Scan(GTIN3, date(2027, 1, 31), "AB12", "SER1"),
        ),
        (
            f"]d201{GTIN3}21SER1{GS}1727020010AB12",
            Scan(GTIN3, date(2027, 2, 28), "AB12", "SER1"),
        ),
        (f"{GS}01{GTIN3}21S{GS}1728020010L{GS}", Scan(GTIN3, date(2028, 2, 29), "L", "S")),
        (f" 01{GTIN2}10LOT9 \r\n", Scan(GTIN2, None, "LOT9", "")),
        ("(10)A1(17)270131", Scan("", date(2027, 1, 31), "A1", "")),
    ],
)
def test_a_code_is_read(text, scan):
    assert gs1.parse(text) == scan


def test_the_ndc_stands_in_an_american_gtin():
    assert gs1.parse(f"01{GTIN3}").ndc == "50458-028-03"
    assert gs1.parse(f"01{GTIN2}").ndc == "50458-028-02"
    assert Scan("00614141999996").ndc == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5JG2201",
        "hello",
        "(99)x",
        "01003504580280",  # cut short
        "0100350458028028",  # wrong check digit
        f"01{GTIN2}17271331",
        f"01{GTIN2}17270230",
        f"01{GTIN2}17",
        f"01{GTIN2}1727013",
        f"01{GTIN2}10" + "x" * 21,
        "(01)abc",
        "(17)27013²",
    ],
)
def test_what_is_no_code_is_unreadable(text):
    with pytest.raises(Unreadable):
        gs1.parse(text)


@given(st.text(max_size=80))
def test_nothing_scanned_breaks_the_reader(text):
    try:
        gs1.parse(text)
    except Unreadable:
        return


plain = st.text(alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-", min_size=1, max_size=20)


@given(
    lot=plain,
    serial=plain,
    day=st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    order=st.permutations(["17", "10", "21"]),
)
def test_what_is_written_in_any_order_is_read_back(lot, serial, day, order):
    values = {"17": f"{day:%y%m%d}", "10": lot, "21": serial}
    bare = f"01{GTIN3}" + "".join(f"{name}{values[name]}{GS if name != '17' else ''}" for name in order)
    assert gs1.parse(bare) == Scan(GTIN3, day, lot, serial)
