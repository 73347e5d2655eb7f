"""A liaison corrects the name or a contact of a referral of the hospital."""

from functools import partial

from flask import url_for
from flask.typing import ResponseReturnValue

from outreach.errors import Conflict
from outreach.web import correcting
from outreach.web.auth import requires
from outreach.web.liaison.blueprint import bp
from outreach.web.liaison.referrals import load, refused


@bp.get("/referrals/<referral_id>/correction")
@requires(correcting.ACTION)
def correct_referral(referral_id: str) -> ResponseReturnValue:
    """Ask what is right."""
    return correcting.ask(_load(referral_id), back=_back(referral_id))


@bp.post("/referrals/<referral_id>/correction")
@requires(correcting.ACTION)
def take_correction(referral_id: str) -> ResponseReturnValue:
    """Take what is right."""

    def moved_on(error: Conflict) -> ResponseReturnValue:
        return refused(referral_id, error)

    return correcting.take(_load(referral_id), back=_back(referral_id), moved_on=moved_on)


def _load(referral_id: str) -> correcting.Load:
    return partial(load, referral_id=referral_id, action=correcting.ACTION)


def _back(referral_id: str) -> str:
    return url_for("liaison.referral", referral_id=referral_id)
