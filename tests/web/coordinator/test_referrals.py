"""The board of referrals: the clock that ends first on top, and nothing that tells who."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.accounts.models import Account
from outreach.db import Database
from outreach.referrals.codes import Cancel, Decline, Hold, Result, Revoked
from outreach.referrals.models import Referral, ReferralClock
from outreach.workflows.referrals import stopping, working
from outreach.workflows.referrals.authorizing import ContactPoint, Person
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import CANARIES, Ward
from tests.web.coordinator.conftest import Counting

SignIn = Callable[..., FlaskClient]
BOARD = "/coordinator/referrals"
PAST = NOW.date() - timedelta(days=6)
EARLIER = NOW - timedelta(days=4)
"""Thursday: long enough ago that somebody should have acknowledged."""


@pytest.fixture
def desk(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def somebody(number: int) -> Person:
    """Give the person of a referral of their own: one is open for each person and affiliate."""
    phone = f"+1313555{1000 + number}"
    return referrals.person(contacts=(ContactPoint(kind="phone", value=phone),))


def several(session: Session, ward: Ward) -> dict[str, Referral]:
    """Make a referral at each stage."""
    lena = referrals.by_helper(referrals.helper(session, ward.receiver, "Omar Diaz"))
    made = {
        name: maker(session, ward, who=somebody(place), discharged_on=PAST)
        for place, (name, maker) in enumerate(
            {
                "sent": referrals.sent,
                "accepted": referrals.accepted,
                "tried": referrals.accepted,
                "connected": referrals.connected,
                "held": referrals.accepted,
                "declined": referrals.sent,
                "stopped": referrals.accepted,
                "closed": referrals.closed,
            }.items()
        )
    }
    made["draft"] = referrals.draft(session, ward)
    tried = referrals.tried(result=Result.NO_ANSWER)
    working.attempt(session, made["tried"], tried, by=lena, desk=ward.desk, now=NOW)
    working.hold(
        session,
        made["held"],
        reason=Hold.PERSON_ASKED,
        resume_on=NOW.date() + timedelta(days=7),
        by=lena,
        desk=ward.desk,
        now=NOW,
    )
    reason = Decline.NO_CAPACITY
    working.decline(session, made["declined"], reason=reason, by=lena, desk=ward.desk, now=NOW)
    stopping.cancel(
        session,
        made["stopped"],
        reason="recalled",
        by=ward.by_coordinator,
        version=None,
        desk=ward.desk,
        now=NOW,
    )
    return made


def sent_earlier(session: Session, ward: Ward) -> Referral:
    """Make one whose acknowledgement is over."""
    form = referrals.signed_form(session, ward, signed_on=EARLIER.date())
    who = somebody(1)
    return referrals.sent(session, ward, who=who, form=form, discharged_on=PAST, now=EARLIER)


def number(referral: Referral) -> str:
    return f"R-{referral.number}"


def test_an_empty_board_says_what_will_stand_there(desk: Callable[[], FlaskClient]) -> None:
    page = desk().get(BOARD).text

    assert "No referral is open" in page
    assert "See which hospitals may refer" in page


def test_each_stage_has_its_words_its_clock_and_one_step(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = several(session, ward)

    page = desk().get(BOARD).text

    rows = {row.partition("</a>")[0][-8:]: row for row in page.split('<tr role="row">')[2:]}
    said = {
        "sent": ("Sent, not yet acknowledged", "Acknowledge by", "Remind"),
        "accepted": ("Accepted, not yet reached", "First attempt by", "Call the helper"),
        "tried": ("One attempt made", "Connect by", "See attempts"),
        "connected": ("Connected on day 6", "Close by", ">Close<"),
        "held": ("On hold at the person’s wish", "Connect by", "See hold"),
        "declined": ("Could not be taken on", "Decide by", "Choose another affiliate"),
        "stopped": ("Called back", "Confirm the stop by", "Confirm the stop<"),
        "draft": ("Waiting for the signature", "Sign and send by", "See the draft"),
    }
    for name, words in said.items():
        assert all(word in rows[number(made[name])] for word in words), name
    assert number(made["closed"]) not in page
    assert "Eight are open." in page


def test_what_is_signed_is_no_draft_any_more(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.ready(session, ward)
    session.commit()

    page = desk().get(BOARD).text

    row = page.partition(number(made))[2].partition("</tr>")[0]
    assert "Signed, not yet sent" in row
    assert "See it" in row
    assert "draft" not in row


def test_what_runs_out_first_stands_on_top_in_clay(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    late = sent_earlier(session, ward)
    referrals.connected(session, ward, who=somebody(2), discharged_on=PAST)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)

    page = desk().get(BOARD).text

    first = page.split('<tr role="row">')[2]
    assert number(late) in first
    assert "Acknowledgement was due Friday" in first
    assert "status-needs" in first
    assert "late-words" in first
    assert "Two are open. One clock has run out." in page
    assert 'aria-current="page">Referrals <span class="count">1</span>' in page


def test_nothing_in_a_list_tells_who_it_is(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    several(session, ward)
    browser = desk()

    pages = [
        browser.get(path).text
        for path in (
            BOARD,
            f"{BOARD}?show=waits",
            f"{BOARD}?show=day7",
            f"{BOARD}?show=closed",
            f"{BOARD}?choose=affiliate",
            f"{BOARD}?choose=outcome",
            "/coordinator/",
            "/coordinator/messages",
        )
    ]

    leaks = [each for each in (*CANARIES, "48201") for page in pages if each in page]
    assert leaks == []
    lists = pages[:5]
    assert not [page for page in lists if ward.hospital.name in page or ward.unit.name in page]


def test_day_7_shows_who_was_not_reached_as_it_comes_near(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    near = referrals.accepted(session, ward, who=somebody(1), discharged_on=PAST)
    fresh = referrals.accepted(session, ward, who=somebody(2), discharged_on=NOW.date())
    reached = referrals.connected(session, ward, who=somebody(3), discharged_on=PAST)

    page = desk().get(f"{BOARD}?show=day7").text

    assert number(near) in page
    assert number(fresh) not in page
    assert number(reached) not in page


def test_filters_live_in_the_address(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = several(session, ward)
    browser = desk()

    of_affiliate = browser.get(f"{BOARD}?affiliate={ward.receiver.public_id}").text
    of_hospital = browser.get(f"{BOARD}?hospital={ward.hospital.public_id}").text
    met = browser.get(f"{BOARD}?outcome=connected_met").text
    recalled = browser.get(f"{BOARD}?outcome=cancelled").text
    nonsense = browser.get(f"{BOARD}?show=x&affiliate=y&hospital=z&outcome=w&page=q").text

    assert number(made["sent"]) in of_affiliate
    assert "Lakeshore Harbor Falls" in of_affiliate
    assert ward.hospital.name in of_hospital  # the filter itself
    assert number(made["closed"]) in met
    assert number(made["stopped"]) not in met
    assert number(made["stopped"]) in recalled
    assert "Eight are open." in nonsense


def test_the_choice_of_an_affiliate_is_a_row_of_links(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    several(session, ward)

    page = desk().get(f"{BOARD}?choose=affiliate").text

    assert f"{BOARD}?affiliate={ward.receiver.public_id}" in page


def test_a_page_holds_fifty_and_costs_the_same_however_many_there_are(
    desk: Callable[[], FlaskClient],
    session: Session,
    ward: Ward,
    counting: Counting,
    database: Database,
) -> None:
    first = sent_earlier(session, ward)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)
    browser = desk()
    browser.get(BOARD)

    def cost(path: str) -> int:
        with counting() as counted:
            browser.get(path)
        return counted.count

    one = cost(BOARD), cost("/coordinator/")
    _copies(session, first, 29)
    thirty = cost(BOARD), cost("/coordinator/")
    _copies(session, first, 170)
    many = cost(BOARD), cost("/coordinator/")

    assert one == thirty == many
    assert "Referrals 151 to 200 of 200." in browser.get(f"{BOARD}?page=4").text


def _copies(session: Session, of: Referral, count: int) -> None:
    """Write more referrals like one, each with the clocks it has."""
    known = session.scalars(select(Referral.number)).all()
    clocks = session.scalars(select(ReferralClock).where(ReferralClock.referral_id == of.id)).all()
    start = 100_000 + len(known)
    for place in range(count):
        row = Referral(
            **{
                column.name: getattr(of, column.name)
                for column in Referral.__table__.columns
                if column.name not in {"id", "public_id", "number", "request_key", "person_key"}
            },
            number=start + place,
            request_key=f"copy {start + place}",
        )
        session.add(row)
        session.flush()
        for clock in clocks:
            session.add(
                ReferralClock(
                    **{
                        column.name: getattr(clock, column.name)
                        for column in ReferralClock.__table__.columns
                        if column.name not in {"id", "public_id", "referral_id"}
                    },
                    referral_id=row.id,
                )
            )
    session.commit()


def test_the_board_speaks_spanish(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    several(session, ward)
    session.get_one(Account, ward.coordinator.account_id).locale = "es"

    page = desk().get(BOARD).text

    assert "Derivaciones" in page
    assert "Enviada, aún sin confirmar" in page


# --- the receiving affiliate's own coordinator


def test_a_coordinator_of_the_receiving_affiliate_sees_what_was_sent_there_and_nothing_before(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    theirs = builders.coordinator(session, ward.receiver, "Nora Field")
    unsent = referrals.ready(session, ward, who=somebody(1))
    sent = referrals.sent(session, ward, who=somebody(2))
    browser = sign_in(client, theirs)

    board, page = browser.get(BOARD).text, browser.get(f"{BOARD}/{sent.public_id}").text

    assert number(sent) in board
    assert number(unsent) not in board
    assert browser.get(f"{BOARD}/{unsent.public_id}").status_code == 404
    assert "The signed form was recorded" not in page
    assert ward.hospital.name not in board + page
    assert "The authorization" not in page
    assert "Call it back" not in page
    assert not [each for each in CANARIES if each in board + page]


@pytest.mark.parametrize(
    "path", ["recall", "withdrawal", "paper", "another-affiliate", "error", "disclosures", "code"]
)
def test_who_only_received_it_decides_nothing_about_it(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, path: str
) -> None:
    theirs = builders.coordinator(session, ward.receiver, "Nora Field")
    sent = referrals.sent(session, ward)

    answer = sign_in(client, theirs).get(f"{BOARD}/{sent.public_id}/{path}")

    assert answer.status_code == 403


ENDS = {
    "recalled": lambda session, made, ward: stopping.cancel(
        session,
        made,
        reason=Cancel.RECALLED,
        by=ward.by_liaison,
        version=None,
        desk=ward.desk,
        now=NOW,
    ),
    "declined": lambda session, made, ward: working.decline(
        session,
        made,
        reason=Decline.NO_CAPACITY,
        by=referrals.by_helper(referrals.helper(session, ward.receiver, "Omar Diaz")),
        desk=ward.desk,
        now=NOW,
    ),
}
"""Ends of a referral that leave its authorization in force."""


@pytest.mark.parametrize("end", ENDS)
def test_a_coordinator_who_only_received_it_sees_nobody_once_it_has_ended(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, end: str
) -> None:
    made = referrals.sent(session, ward)
    nora = sign_in(client, builders.coordinator(session, ward.receiver, "Nora Field"))
    page = f"{BOARD}/{made.public_id}/person"
    assert CANARIES[0] in nora.get(page).text

    ENDS[end](session, made, ward)
    session.commit()

    assert not [each for each in CANARIES if each in nora.get(page).text]


def test_why_it_was_called_back_is_for_who_referred_and_not_for_who_received_it(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    signed = referrals.authorization_of(session, made)
    stopping.revoke(
        session,
        signed,
        how=Revoked.SPOKEN,
        received_by="Nurse Joy",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )
    nora = sign_in(client, builders.coordinator(session, ward.receiver, "Nora Field"))
    ruth = sign_in(client.application.test_client(), ward.coordinator)
    page, board = f"{BOARD}/{made.public_id}", f"{BOARD}?show=closed"
    why = "The authorization was withdrawn"

    assert why in ruth.get(page).text
    assert why not in nora.get(page).text + nora.get(board).text
    assert number(made) in nora.get(board).text


def test_the_bureau_that_follows_it_still_sees_whom_it_looks_after(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    ENDS["declined"](session, made, ward)
    ruth = sign_in(client, ward.coordinator)

    assert CANARIES[0] in ruth.get(f"{BOARD}/{made.public_id}/person").text


def test_a_coordinator_of_another_bureau_finds_nothing(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    stranger = builders.coordinator(session, builders.affiliate(session, "Riverbend"), "Ana Gil")
    sent = referrals.sent(session, ward)
    browser = sign_in(client, stranger)

    assert number(sent) not in browser.get(BOARD).text
    for path in ("", "/person", "/record/accept"):
        assert browser.get(f"{BOARD}/{sent.public_id}{path}").status_code == 404


def test_an_administrator_sees_nobody(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward
) -> None:
    olga = builders.administrator(session, ward.bureau)
    sent = referrals.sent(session, ward)
    browser = sign_in(client, olga)

    for path in (BOARD, f"{BOARD}/{sent.public_id}", f"{BOARD}/{sent.public_id}/person"):
        assert browser.get(path).status_code == 403
    audit = browser.get("/coordinator/setup/audit").text
    assert not [each for each in CANARIES if each in audit]
