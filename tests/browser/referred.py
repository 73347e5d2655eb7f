"""Referrals at each stage, on top of the demo's own: of Nora's hospital, and of Ruth's bureau."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock
from outreach.actor import Actor
from outreach.demo import referral_story
from outreach.directory.models import Affiliate, Unit
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Referral
from outreach.workflows.referrals import authorizing, drafts, facts, forms, stopping
from outreach.workflows.referrals.authorizing import ContactPoint, Person, SignedForm
from outreach.workflows.referrals.drafts import Description
from tests import builders
from tests.browser.served import Demo

UNIT = ("St. Clare Hospital", "Unit 4B")
TOLD = ("attempt", "close", "hold")
"""What a coordinator enters for the affiliate: the last part of the address says which."""
STAGES = ("begun", "unsigned", "ready", "sent", "withdrawn")
OWN_STAGES = ("begun", "unsigned", "sent")
"""Of people who came to Ruth's affiliate by themselves."""


def refer(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let Nora and Ruth have a referral at every stage; return what addresses name."""
    unit, nora = demo.world.units[UNIT], referral_story.nora(demo.world)
    ruth = builders.actor(demo.world.memberships["Ruth"])
    hers = {f"{stage} referral": _at(session, demo, stage, unit, by=nora) for stage in STAGES}
    own = {
        f"own {stage} referral": _at(session, demo, stage, None, by=ruth) for stage in OWN_STAGES
    }
    made = {name: row.public_id for name, row in (hers | own).items()}
    return made | {f"told {what}": what for what in TOLD}


def _at(session: Session, demo: Demo, stage: str, unit: Unit | None, *, by: Actor) -> Referral:
    desk, now = demo.wired.desk, clock.now()
    place = STAGES.index(stage)
    row = drafts.begin(
        session,
        unit=unit,
        bureau=demo.world.affiliate,
        description=Description(
            discharged_on=now.date() + (timedelta(days=place + 1) if unit else timedelta()),
            discharged_time=None,
            zip_code="44113",
            age_group="adult",
            groups=("support_group", "call_back"),
        ),
        request_key=f"{by.kind}'s {stage}",
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
        _signed(session, row),
        _person(place if unit else place + len(STAGES)),
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


def _signed(session: Session, row: Referral) -> SignedForm:
    form = referral_story.signed(session, row, now=clock.now())
    wording = forms.wording(session, forms.profile_for(session, row).code, locale="en")
    assert wording is not None
    return replace(form, wording_id=wording.public_id)


def _person(place: int) -> Person:
    """Return somebody with a number nobody has."""
    number = f"330555013{place}"
    return Person(
        name=("Robin", "Alex", "Sasha", "Jo", "Kim", "Ray", "Noel", "Sky", "Bo")[place],
        contacts=(ContactPoint(kind="phone", value=number, safe_to_voicemail=True),),
        note="Prefers the evening.",
    )
