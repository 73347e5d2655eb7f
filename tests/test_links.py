from datetime import UTC, datetime, timedelta

from outreach.links import Links

LINKS = Links(base_url="https://outreach.example", key=b"k" * 32)
EXPIRES_AT = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)


def answer_token(offer: str = "offer", *, to: str = "Ana", later: int = 0, key: bytes = b"") -> str:
    links = Links(base_url="https://outreach.example", key=key or LINKS.key)
    until = EXPIRES_AT + timedelta(seconds=later)
    return links.answer_token(offer, speaker_id=to, expires_at=until)


def test_the_same_message_renders_the_same_link_again() -> None:
    assert answer_token() == answer_token()


def test_an_answer_belongs_to_one_offer_one_person_one_expiry_and_one_key() -> None:
    tokens = {
        answer_token(),
        answer_token("other offer"),
        answer_token(to="Ben"),
        answer_token(later=1),
        answer_token(key=b"j" * 32),
        LINKS.feed_token("offer"),
    }

    assert len(tokens) == 6


def test_after_a_visit_a_link_begins_with_the_row_and_belongs_to_one_purpose() -> None:
    token = LINKS.debrief_token("a" * 22, speaker_id="Ana", expires_at=EXPIRES_AT)
    others = {
        LINKS.debrief_token("a" * 22, speaker_id="Ben", expires_at=EXPIRES_AT),
        LINKS.debrief_token("a" * 22, speaker_id="Ana", expires_at=EXPIRES_AT + timedelta(1)),
        LINKS.came_token("a" * 22, expires_at=EXPIRES_AT),
    }

    assert token[:22] == "a" * 22
    assert {len(each) for each in {token, *others}} == {44}
    assert len({each[22:] for each in {token, *others}}) == 4
    assert LINKS.debrief("t0ken") == "https://outreach.example/d/t0ken"
    assert LINKS.came("t0ken") == "https://outreach.example/c/t0ken"


def test_addresses_begin_with_the_public_one() -> None:
    assert LINKS.answer("t0ken") == "https://outreach.example/a/t0ken"
    assert LINKS.feed("t0ken") == "https://outreach.example/f/t0ken.ics"
    assert LINKS.to("/help") == "https://outreach.example/help"
    assert LINKS.host == "outreach.example"


def test_a_sign_in_code_is_eight_digits_and_the_same_again() -> None:
    assert LINKS.sign_in_code("an id") == LINKS.sign_in_code("an id")
    assert all(len(LINKS.sign_in_code(str(n))) == 8 for n in range(200))


def test_sign_in_codes_use_all_eight_digits() -> None:
    codes = [int(LINKS.sign_in_code(str(n))) for n in range(5000)]

    assert len({code % 256 for code in codes}) == 256
    assert len({code // 10**6 for code in codes}) == 100
