"""Referrals of Nora's hospital at each stage of her pages, on top of the demo's own."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock
from outreach.demo import referral_story
from outreach.directory.models import Affiliate
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Referral
from outreach.workflows.referrals import authorizing, drafts, facts, stopping
from outreach.workflows.referrals.authorizing import ContactPoint, Person
from outreach.workflows.referrals.drafts import Description
from tests.browser.served import Demo

UNIT = ("St. Clare Hospital", "Unit 4B")
TOLD = ("attempt", "close", "hold")
"""What a coordinator enters for the affiliate: the last part of the address says which."""
STAGES = ("begun", "unsigned", "ready", "sent", "withdrawn")


def refer(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let Nora have a referral at every stage; return what addresses name."""
    made = {f"{stage} referral": _at(session, demo, stage).public_id for stage in STAGES}
    return made | {f"told {what}": what for what in TOLD}


def _at(session: Session, demo: Demo, stage: str) -> Referral:
    desk, by, now = demo.wired.desk, referral_story.nora(demo.world), clock.now()
    place = STAGES.index(stage)
    row = drafts.begin(
        session,
        unit=demo.world.units[UNIT],
        bureau=demo.world.affiliate,
        description=Description(
            discharged_on=now.date() + timedelta(days=place + 1),
            discharged_time=None,
            zip_code="44113",
            age_group="adult",
            groups=("support_group", "call_back"),
        ),
        request_key=f"nora's {stage}",
        by=by,
        now=now,
    )
    if stage == "begun":
        return row
    to = session.scalars(select(Affiliate).where(Affiliate.name == "Lakeshore Peers")).one()
    drafts.choose_affiliate(session, row, to, chosen_by="person", by=by, now=now)
    drafts.ask_signature(session, row, by=by, desk=desk, now=now)
    if stage == "unsigned":
        return row
    authorizing.record(
        session,
        row,
        referral_story.signed(session, row, now=now),
        _person(place),
        operator=demo.world.affiliate.name,
        data_key_id=authorizing.prepare_key(desk, row),
        version=row.version,
        by=by,
        desk=desk,
        now=now,
    )
    if stage != "ready":
        authorizing.send(session, row, version=None, by=by, desk=desk, now=now)
    if stage == "withdrawn":
        signed = facts.authorization_of(session, row)
        assert signed is not None
        stopping.revoke(
            session, signed, how=Revoked.SPOKEN, received_by="Nora", by=by, desk=desk, now=now
        )
    return row


def _person(place: int) -> Person:
    """Return somebody with a number nobody has."""
    number = f"330555013{place}"
    return Person(
        name=("Robin", "Alex", "Sasha", "Jo", "Kim")[place],
        contacts=(ContactPoint(kind="phone", value=number, safe_to_voicemail=True),),
        note="Prefers the evening.",
    )
