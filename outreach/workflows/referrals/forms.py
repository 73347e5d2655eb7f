"""Authorization forms: their texts, which never change once written, and what a form lacks."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from importlib import resources

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.reads import referring
from outreach.referrals.models import FormWording, Referral
from outreach.referrals.profiles import Element, Profile
from outreach.referrals.rules import Fault

OFF = lazy("Referrals are off for this unit.")
ELEMENT_WORDS: Mapping[Element | Fault, str] = {
    Element.INFORMATION: lazy("Say what may be told: the name and at least one way to reach them."),
    Element.DISCLOSER: lazy("The form must name who may share."),
    Element.RECIPIENTS: lazy("The form must name the affiliate."),
    Element.PURPOSE: lazy("The form must say what it is for."),
    Element.EXPIRES_ON: lazy("Write the day on which it ends."),
    Element.SIGNED_ON: lazy("Write the day of the signature."),
    Element.SIGNER: lazy("Say who signed."),
    Element.AUTHORITY: lazy("Say what entitles the person who signed."),
    Element.RIGHT_TO_REVOKE: lazy("The right to withdraw must have been read."),
    Element.NO_CONDITION: lazy("It must have been said that care does not depend on it."),
    Element.REDISCLOSURE: lazy("It must have been said that the affiliate could pass it on."),
    Element.COPY_GIVEN: lazy(
        "The person must have their copy first. Print it with the form and give it to them."
    ),
    Element.WITNESS: lazy("A witness must have signed as well."),
    Element.RIGHT_TO_INSPECT: lazy("The right to see and copy the record must have been read."),
    Element.REFUSAL: lazy("What follows from refusing must have been read."),
    Fault.SIGNED_IN_FUTURE: lazy("The day of the signature is still to come."),
    Fault.SIGNED_TOO_LONG_AGO: lazy(
        "This was signed too long ago. Please ask for a new signature."
    ),
    Fault.EXPIRED: lazy("This authorization has expired."),
    Fault.EXPIRES_BEFORE_SIGNATURE: lazy("It ends before it was signed."),
    Fault.RUNS_TOO_LONG: lazy("It may run for a year at most."),
    Fault.NOT_THE_SIGNER: lazy("At this age another person must sign."),
    Fault.PARENT_OF_AN_ADULT: lazy(
        "The person is an adult: being a parent entitles nobody to sign for them."
    ),
}
"""What an authorization lacks, in words for whoever records it."""

FAULT_FIELDS: Mapping[Element | Fault, str] = {
    Fault.SIGNED_IN_FUTURE: "signed_on",
    Fault.SIGNED_TOO_LONG_AGO: "signed_on",
    Fault.EXPIRED: "expires_on",
    Fault.EXPIRES_BEFORE_SIGNATURE: "expires_on",
    Fault.RUNS_TOO_LONG: "expires_on",
    Fault.NOT_THE_SIGNER: "signer",
    Fault.PARENT_OF_AN_ADULT: "authority",
}
"""The field of each fault; an element's field has the element's own name."""


def lay_down_wordings(session: Session, profile: str, *, now: datetime) -> None:
    """Make sure the texts of a profile's form are in the database, the newest of the package.

    A text that was changed becomes a new version: those that were signed stay as they were.
    """
    for locale in i18n.LOCALES:
        text = packaged(profile, locale)
        latest = wording(session, profile, locale=locale)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if latest is None or latest.digest != digest:
            session.add(
                FormWording(
                    profile=profile,
                    version=latest.version + 1 if latest else 1,
                    locale=locale,
                    text=text,
                    digest=digest,
                    created_at=now,
                )
            )
    session.flush()


def wording(session: Session, profile: str, *, locale: str) -> FormWording | None:
    """Return the newest version of a profile's form in one language."""
    return session.scalars(
        select(FormWording)
        .where(FormWording.profile == profile, FormWording.locale == locale)
        .order_by(FormWording.version.desc())
        .limit(1)
    ).one_or_none()


def profile_for(session: Session, referral: Referral) -> Profile:
    """Return the profile a referral's form follows. Raises Conflict where its hospital has none."""
    found = referring.profile_of(session, referral)
    if found is None:
        raise Conflict(OFF)
    return found


def lay_down(session: Session, referral: Referral, *, now: datetime) -> None:
    """Make sure that the form a referral waits for can be printed."""
    lay_down_wordings(session, profile_for(session, referral).code, now=now)


def words(missing: Collection[Element | Fault]) -> dict[str, str]:
    """Return what is missing as field → words, in the order of the form."""
    return {FAULT_FIELDS.get(each, str(each)): ELEMENT_WORDS[each] for each in missing}


def signed(session: Session, referral: Referral, *, wording_id: str) -> FormWording:
    """Return the form a person signed, by its public id.

    Raises:
        RuleBroken: it is none of its profile, or not the newest any more.
    """
    profile = profile_for(session, referral)
    found = session.scalars(
        select(FormWording).where(
            FormWording.public_id == wording_id, FormWording.profile == profile.code
        )
    ).one_or_none()
    if found is None:
        raise RuleBroken(lazy("Choose which form was signed."), field="wording")
    newest = select(func.max(FormWording.version)).where(FormWording.profile == profile.code)
    if found.version != session.scalar(newest):
        raise RuleBroken(
            lazy("A newer form is in use. Please print it and ask for a signature on it."),
            field="wording",
        )
    return found


def packaged(profile: str, locale: str) -> str:
    """Return a form's text as this release brings it."""
    folder = resources.files("outreach.referrals") / "wordings"
    return (folder / f"{profile}.{locale}.toml").read_text("utf-8")
