"""The disclosure log of one authorization: as a page, and as a file."""

import csv
import io
import unicodedata
from collections.abc import Sequence

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.i18n import gettext as _
from outreach.reads import referral_authorization as authorizations
from outreach.reads import referral_page as reads
from outreach.reads.referral_authorization import Disclosed
from outreach.referrals.models import Authorization, Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.referral import load

ACTION = "disclosure.see"
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Also in full width, which some spreadsheets take for the same (NFKC)."""


@bp.get("/referrals/<referral_id>/disclosures")
@requires(ACTION)
def disclosures(referral_id: str) -> ResponseReturnValue:
    """Show to whom what was disclosed on a referral's authorization."""
    with context.reading() as session:
        row = load(session, referral_id, ACTION)
        page = reads.page(session, row, context.current_actor(), now=clock.now())
        rows = _rows(session, row, zone=page.zone)
    return render_template("coordinator/referral_disclosures.html", page=page, rows=rows)


@bp.get("/referrals/<referral_id>/disclosures.csv")
@requires(ACTION)
def disclosures_file(referral_id: str) -> ResponseReturnValue:
    """Give the same as a file. No cell of it can be a formula, and none holds a name."""
    with context.reading() as session:
        row = load(session, referral_id, ACTION)
        zone = access.own_affiliate(session, context.current_actor()).time_zone
        rows = _rows(session, row, zone=zone)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_("When"), _("Referral"), _("To whom"), _("What"), _("What for")])
    for each in rows:
        cells = (each.at.isoformat(), each.number, each.recipient, each.information, each.purpose)
        writer.writerow([defused(cell) for cell in cells])
    name = f"disclosures-{row.number}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.getvalue(), mimetype="text/csv", headers=headers)


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    begins = unicodedata.normalize("NFKC", cell[:1])
    return f"'{cell}" if begins.startswith(BEGINS_A_FORMULA) else cell


def _rows(session: Session, row: Referral, *, zone: str) -> Sequence[Disclosed]:
    if row.authorization_id is None:
        return []
    authorization = session.get_one(Authorization, row.authorization_id)
    return authorizations.disclosures(session, authorization, zone=zone)
