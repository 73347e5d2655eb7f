"""Word that the way somebody signs in was changed: to whom, in what words, with no way in."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.links import Links
from outreach.messaging.models import Message
from outreach.messaging.templates import Texts
from outreach.workflows import sign_in_changes, standing
from tests import builders
from tests.builders import JOY, NOW

BASE = "https://bureau.example"
TEXTS = Texts(links=Links(BASE, b"a key for tests"), service_name="Outreach")


@pytest.mark.parametrize("locale", ["en", "es"])
def test_each_change_has_words_of_its_own_and_no_link(locale: str) -> None:
    said = {
        what: TEXTS.mail(
            "sign_in_changed", {"what": what, "change": "c"}, to_name="Ruth", locale=locale
        ).text
        for what in sign_in_changes.WHATS
    }

    assert len(set(said.values())) == len(sign_in_changes.WHATS)
    assert not [text for text in said.values() if BASE in text]


@pytest.mark.parametrize("locale", ["en", "es"])
def test_word_of_too_many_tries_says_what_to_do_and_has_no_link(locale: str) -> None:
    letter = TEXTS.mail("sign_in_tries", {"limit": "l"}, to_name="Ruth", locale=locale)

    assert letter.subject
    assert BASE not in letter.text


def test_a_change_nobody_has_words_for_is_a_fault(session: Session) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))

    with pytest.raises(ValueError, match="no words"):
        sign_in_changes.tell(session, ruth.account_id, "something", now=NOW)


def test_two_changes_of_a_kind_are_told_twice(session: Session) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))

    for _ in range(2):
        sign_in_changes.tell(session, ruth.account_id, "code_used", now=NOW)

    assert len(session.scalars(select(Message)).all()) == 2


def test_word_to_an_old_address_goes_there_whatever_the_address_is_today(session: Session) -> None:
    maria = builders.speaker(session, builders.affiliate(session), JOY)

    sign_in_changes.tell_old_address(
        session,
        old="maria@old.example",
        name="Maria",
        locale="es",
        subject=("speaker", maria.id),
        now=NOW,
    )

    mail = session.scalars(select(Message)).one()
    assert standing.address(session, mail) == "maria@old.example"
    assert BASE not in TEXTS.mail(mail.kind, mail.values, to_name="Maria", locale="es").text
