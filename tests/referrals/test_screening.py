"""What a note may say, and what it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.referrals.screening import MOST, Concern, concerns

PHONE, SSN, RECORD = Concern.PHONE, Concern.SOCIAL_SECURITY, Concern.RECORD_NUMBER

FULL_WIDTH, ARABIC_DIGITS = 0xFF01 - ord("!"), 0x0660 - ord("0")


def shifted(text: str, *, by: int) -> str:
    """Write the letters and digits of a text with those of another block of Unicode."""
    return "".join(chr(ord(c) + by) if c.isalnum() or c in "@." else c for c in text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Prefers Tuesdays after 5",
        "Group meets at 7:30 in room 12",
        "Lives with her sister, 2 cats",
        "Call after 10 AM",
        "ZIP 60614",
        "ZIP 60614-1234",
        "bus 146",
        "Takes bus 146 at 1030",
        "Takes bus X49, gets off at Cicero",
        "B12",
        "Take bus B12.Then walk",
        "Unit 4B",
        "Meets in room F12",
        "Autobús F12, sala G20",
        "2026-12-01",
        "2026-12-01 10:30",
        "12/01/2026",
        "Dec 1, 2026 at 10:30",
        "Mon 10-12, Wed 14-16",
        "Lunch @ 5.30pm",
        "Patient since 2019, case manager Tuesdays 9-5",
        "Would like to record 2 songs",
        "Habla español, después de las 17:00",
        "Ask for the 988 card",
        "Support group 3.5 miles away, $20 for 10 rides",
        "I-94, exit 43",
        "Was told 1,000,000 times",
    ],
)
def test_a_harmless_note_may_be_kept(note: str) -> None:
    assert concerns(note) == ()


def test_a_code_that_may_be_a_bus_is_asked_about_where_no_bus_is_named() -> None:
    assert concerns("Takes bus X49") == ()
    assert concerns("Takes the X49") == (Concern.DIAGNOSIS,)


@pytest.mark.parametrize(
    "number",
    [
        "312-555-0142",
        "312.555.0142",
        "312 555 0142",
        "312/555/0142",
        "312 - 555 - 0142",
        "(312) 555-0142",
        "(312)555-0142",
        "+1 (312) 555-0142",
        "+1 312 555 0142",
        "1-312-555-0142",
        "13125550142",
        "3125550142",
        "3125550142x12",
        "tel3125550142",
        "555-0142",
        "555.0142",
        "555 0142",
        "55 1234 5678",
        "+52 55 1234 5678",
        "+44 20 7946 0958",
    ],
)
def test_a_telephone_number_is_found(number: str) -> None:
    assert concerns(f"Her sister: {number}.") == (PHONE,)


@pytest.mark.parametrize("number", ["123-45-6789", "123 45 6789", "123.45.6789"])
def test_a_social_security_number_is_found_and_is_no_telephone(number: str) -> None:
    assert concerns(f"Hers is {number}, she says") == (SSN,)


@pytest.mark.parametrize(
    "note", ["SSN ending in 6789", "Last four of social security: 6789", "Seguro social 6789"]
)
def test_the_last_four_of_a_social_security_number_are_found_too(note: str) -> None:
    assert concerns(note) == (SSN,)


def test_both_a_telephone_and_a_social_security_number_are_told() -> None:
    assert concerns("123-45-6789 and 312-555-0142") == (PHONE, SSN)


@pytest.mark.parametrize(
    "note",
    [
        "MRN 4471",
        "mrn: 4471",
        "MRN123456",
        "MRN: A-4471",
        "Medical record number is 44712",
        "chart #4471",
        "Patient ID# 44-71-20",
        "file no. 4471",
        "account 88123",
        "Medicaid ID AB12345",
        "expediente núm. 12345",
        "Historia clínica 12345",
        "número de expediente: 12345",
        "paciente n.º 4471",
        "cuenta 88123",
        "She is 447123",
        "M-1234567",
        "1234567-8",
        "123 456 789",
        "12345678901234",
        "23125550142",
    ],
)
def test_a_record_number_is_found_in_english_and_spanish(note: str) -> None:
    assert concerns(note) == (RECORD,)


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("12345", ()),
        ("123456", (RECORD,)),
        ("123456789", (RECORD,)),
        ("1234567890", (PHONE,)),
        ("11234567890", (PHONE,)),
        ("21234567890", (RECORD,)),
        ("123456789012", (RECORD,)),
    ],
)
def test_a_bare_number_is_judged_by_its_length(digits: str, found: tuple[Concern, ...]) -> None:
    assert concerns(f"see {digits}") == found


@pytest.mark.parametrize("address", ["maria@example.org", "m.r+x@mail.example.org", "a @ b.com"])
def test_a_mail_address_is_found(address: str) -> None:
    assert concerns(f"Write to {address}!") == (Concern.MAIL,)


@pytest.mark.parametrize(
    "code",
    [
        "F32.1",
        "f32.1",
        "F33.41",
        "Z91.51",
        "R45.851",
        "T36.0X1A",
        "U07.1",
        "E11.A",
        "M1A.0710",
        "F32",
        "F329",
        "F1020",
        "R45851",
        "T1491XA",
        "ICD-10",
        "ICD10",
        "CIE-10",
        "DSM-5",
        "DSM V",
        "DSM",
    ],
)
def test_a_diagnosis_code_is_found_with_and_without_its_dot(code: str) -> None:
    assert concerns(f"Notes say {code}, ask her") == (Concern.DIAGNOSIS,)


def test_all_that_is_found_is_told_once_and_in_order() -> None:
    note = "312-555-0142, 312-555-0143, MRN 4471, a@b.org, F32.1 " + "x" * MOST

    assert concerns(note) == (
        Concern.TOO_LONG,
        PHONE,
        RECORD,
        Concern.MAIL,
        Concern.DIAGNOSIS,
    )


def test_a_note_has_280_characters_at_most() -> None:
    assert concerns("ñ" * 280) == ()
    assert concerns("ñ" * 281) == (Concern.TOO_LONG,)


def test_the_end_of_a_line_is_one_character() -> None:
    lines = "\r\n".join(["x" * 9] * 28)

    assert concerns(lines + "\n") == ()
    assert concerns(lines + "\nx") == (Concern.TOO_LONG,)


def test_a_text_without_end_is_refused_at_once() -> None:
    assert concerns("x" * 300_000 + " 312-555-0142") == (Concern.TOO_LONG,)


@pytest.mark.parametrize(
    "mark",
    ["\x00", "\u200f", "\u200b", "\u00ad", "\u2060", "\ufeff", "\u0336"],
    ids=["NUL", "right-to-left", "zero width", "soft hyphen", "joiner", "BOM", "struck through"],
)
def test_marks_nobody_sees_do_not_hide_a_number(mark: str) -> None:
    assert concerns(mark.join("312-555-0142")) == (PHONE,)
    assert concerns(mark.join("123-45-6789")) == (SSN,)
    assert concerns(mark.join("F32.1")) == (Concern.DIAGNOSIS,)


@pytest.mark.parametrize(
    "written",
    [
        shifted("312-555-0142", by=FULL_WIDTH),
        shifted("312 555 0142", by=ARABIC_DIGITS),
        "312\u00a0555\u00a00142",
        "312\u202f555\u202f0142",
        "312\u2013555\u20130142",
        "312\u2011555\u20110142",
        "312\u2212555\u22120142",
        "312\n555-0142",
        "312\t555\r\n0142",
        "".join(f"{digit}\ufe0f\u20e3" for digit in "3125550142"),
    ],
    ids=[
        "full width",
        "Arabic digits",
        "no-break space",
        "narrow space",
        "en dash",
        "no-break hyphen",
        "minus",
        "two lines",
        "tab",
        "keycaps",
    ],
)
def test_other_digits_spaces_and_dashes_do_not_hide_a_number(written: str) -> None:
    assert concerns(written) == (PHONE,)


def test_a_full_width_address_and_code_are_found() -> None:
    assert concerns(shifted("maria@example.org", by=FULL_WIDTH)) == (Concern.MAIL,)
    assert concerns(shifted("F32.1", by=FULL_WIDTH)) == (Concern.DIAGNOSIS,)


@given(st.text(max_size=400))
def test_any_text_is_judged_and_its_length_always(text: str) -> None:
    found = concerns(text)

    assert (Concern.TOO_LONG in found) is (len(text.replace("\r\n", "\n")) > MOST)


@given(
    exchange=st.integers(200, 999),
    area=st.integers(200, 999),
    line=st.integers(0, 9999),
    gaps=st.tuples(
        st.sampled_from(["", " ", "-", ".", ") "]), st.sampled_from(["", " ", "-", "."])
    ),
)
def test_any_telephone_number_is_found_however_it_is_broken_up(
    exchange: int, area: int, line: int, gaps: tuple[str, str]
) -> None:
    number = f"{area}{gaps[0]}{exchange}{gaps[1]}{line:04}"

    assert PHONE in concerns(f"Sister {number}")


def test_a_longer_text_is_screened_whole_where_more_characters_are_allowed() -> None:
    told = "They were kind. " * 60

    assert concerns(told, most=1000) == ()
    assert concerns(told + "312-555-0142", most=1000) == (Concern.PHONE,)
    assert concerns("x" * 1001, most=1000) == (Concern.TOO_LONG,)
    assert concerns("x" * 1000, most=1000) == ()
