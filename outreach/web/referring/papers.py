"""What is printed: the form, the patient's copy, the receipt, the sheet without a computer.

No name is printed on any of them: it is written by hand.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, i18n, phone
from outreach.directory.models import Affiliate
from outreach.errors import NotFound
from outreach.i18n import gettext as _
from outreach.reads import duty, own_referrals, referral_words
from outreach.referrals import paper, profiles
from outreach.referrals.codes import BEFORE_RELEASE, Field, Group, State
from outreach.referrals.models import Authorization, FormWording, Referral
from outreach.referrals.paper import Paper
from outreach.referrals.profiles import Element
from outreach.web.auth import requires
from outreach.web.context import config, desk, links, reading
from outreach.web.liaison.referrals import own_hospital
from outreach.web.referring import whose
from outreach.web.referring.blueprint import bp
from outreach.web.referring.sign import operator
from outreach.web.referring.whose import load, note_opened
from outreach.workflows.referrals import authorizing, facts, forms

LINE = "____________________"


@bp.get("/referrals/<referral_id>/form/print")
@requires("referral.begin")
def print_form(referral_id: str) -> ResponseReturnValue:
    """Print the form that is signed by hand, for the chart and for the person."""
    with reading() as session, i18n.speaking(_language()):
        row = load(session, referral_id, "referral.begin")
        if row.state != State.AWAITING:
            return redirect(whose.page_url(referral_id), 303)
        stand = own_referrals.stand(session, row)
        wording = forms.wording(session, forms.profile_for(session, row).code, locale=_language())
        if wording is None:
            raise NotFound("There is nothing at this address.")
        values = {
            **_names(stand),
            "operator": operator(session, row),
            "expires_on": i18n.day(authorizing.usual_expiry(row), weekday=False, year=True),
            "information": _boxes(_told(by_themselves=stand.by_themselves)),
            **_ways_to_stop(session, row, row.form_id),
        }
        return _sheet(
            "referring/print_form.html",
            stand=stand,
            version=wording.version,
            code=values["code"],
            **_filled(wording.text, values),
        )


@bp.get("/referrals/<referral_id>/copy")
@requires("referral.see")
def print_copy(referral_id: str) -> ResponseReturnValue:
    """Print the patient's copy, in the language they signed: how to stop, whom to call."""
    note_opened(referral_id, via="print")
    with reading() as session:
        row = load(session, referral_id, "referral.see")
        signed = facts.authorization_of(session, row)
        if signed is None:
            return redirect(whose.page_url(referral_id), 303)
        wording = session.get_one(FormWording, signed.wording_id)
        with i18n.speaking(wording.locale):
            article = _copy(session, row, signed, wording)
    return _sheet(
        "referring/print_copy.html",
        referral=row,
        number=own_referrals.written(row),
        article=article,
    )


def _copy(session: Session, row: Referral, signed: Authorization, wording: FormWording) -> str:
    """Return the copy itself, in the language now spoken."""
    stand = own_referrals.stand(session, row)
    values = {
        **_names(stand),
        "operator": signed.operator,
        "expires_on": i18n.day(signed.expires_on, weekday=False, year=True),
        "information": f"{referral_words.fields(signed.information, of=referral_words.MINE)}.",
        **_ways_to_stop(session, row, signed.public_id),
    }
    filled = _filled(wording.text, values)
    return _sheet(
        "referring/_copy.html",
        stand=stand,
        signed=signed,
        wishes=referral_words.groups(row.groups),
        code=values["code"],
        **filled,
    )


@bp.get("/referrals/<referral_id>/receipt")
@requires("referral.see")
def print_receipt(referral_id: str) -> ResponseReturnValue:
    """Print the receipt for the chart."""
    note_opened(referral_id, via="print")
    with reading() as session:
        row = load(session, referral_id, "referral.see")
        stand = own_referrals.stand(session, row)
    if row.state in BEFORE_RELEASE - {State.READY} or stand.affiliate is None:
        return redirect(whose.page_url(referral_id), 303)
    return _sheet("referring/print_receipt.html", stand=stand)


@bp.get("/referrals/downtime")
@requires("ward.refer")
def print_downtime() -> ResponseReturnValue:
    """Print the blank form for when the computer is down."""
    with reading() as session, i18n.speaking(_language()):
        hospital = own_hospital(session)
        profile = profiles.find(hospital.form_profile)
        if profile is None:
            return redirect(url_for("liaison.referrals"), 303)
        found = forms.wording(session, profile.code, locale=_language())
        text = found.text if found else forms.packaged(profile.code, _language())
        bureau = duty.keeper_of(session, session.get_one(Affiliate, hospital.affiliate_id))
        ask = duty.whom_to_ask(session, bureau, now=clock.now())
        values = {
            "hospital": hospital.name,
            "affiliate": LINE,
            "operator": bureau.name,
            "expires_on": LINE,
            "information": _boxes(_told(by_themselves=False)),
        }
        return _sheet(
            "referring/print_downtime.html",
            hospital=hospital,
            groups=[_(referral_words.GROUPS[group]) for group in Group],
            ages=[_(words) for words in referral_words.AGES.values()],
            ask=ask,
            witnessed=Element.WITNESS in profile.required,
            **_filled(text, values),
        )


def _ways_to_stop(session: Session, row: Referral, form_id: str) -> dict[str, str]:
    """Return how a person stops it: page, telephone, number and code."""
    code = desk().links.stop_code(form_id)
    return {
        "stop_address": links().to("/stop"),
        "phone": _stop_phone(session, row),
        "number": own_referrals.written(row),
        "code": f"{code[:4]} {code[4:]}",
    }


def _filled(text: str, values: dict[str, str]) -> dict[str, object]:
    """Return a wording's sentences with their gaps filled, for a template."""
    read: Paper = paper.parse(text)
    sentences = {
        name: _whole(paper.filled(getattr(read, name), values))
        for name in Paper.__dataclass_fields__
        if name != "statements"
    }
    return {
        "words": sentences,
        "statements": [_whole(paper.filled(each, values)) for each in read.statements.values()],
    }


def _whole(sentence: str) -> str:
    """Keep each box to tick on the line of its word."""
    return sentence.replace(f"{paper.BOX} ", f"{paper.BOX}{i18n.NBSP}")


def _sheet(template: str, **values: object) -> str:
    return render_template(template, **values)


def _boxes(choices: list[str]) -> str:
    """Return what is ticked by hand: "(please tick) ☐ Name ☐ Language."."""
    boxes = " ".join(f"{paper.BOX} {words}" for words in choices)
    return f"({_('please tick')}) {boxes}."


def _told(*, by_themselves: bool) -> list[str]:
    """Return what may be told, in words: of a discharge only where a hospital is part of it."""
    return [
        _(referral_words.MINE[field])
        for field in Field
        if not (by_themselves and field is Field.DISCHARGED_ON)
    ]


def _names(stand: own_referrals.Stand) -> dict[str, str]:
    """Return who shares, as the forms of hospitals and those without one call it, and with whom."""
    who = {"hospital": stand.discloser, "discloser": stand.discloser}
    return who | {"affiliate": _affiliate(stand)}


def _affiliate(stand: own_referrals.Stand) -> str:
    """Return the affiliate and its person: "Harbor Falls (Lena Ortiz)"."""
    if stand.affiliate is None:
        return LINE
    person = stand.affiliate.intake_name
    return f"{stand.affiliate.name} ({person})" if person else stand.affiliate.name


def _stop_phone(session: Session, row: Referral) -> str:
    """Return the number a person calls to stop: the bureau's, else the service's."""
    bureau = session.get_one(Affiliate, row.bureau_id)
    number = duty.keeper_of(session, bureau).phone or config().support_phone
    # It must not break at the end of a line.
    return phone.display(number).replace("-", "\N{NON-BREAKING HYPHEN}") if number else LINE


def _language() -> str:
    """Return the language asked for, else the reader's."""
    asked = request.args.get("lang", "")
    return asked if asked in i18n.LOCALES else i18n.locale()
