"""Who agreed to texts: the ledger as a page and as a file, and all that was sent to one speaker."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, audit, clock
from outreach.i18n import gettext as _
from outreach.reads import consents as reads
from outreach.reads import outbox
from outreach.reads.consents import ConsentRow
from outreach.speakers.models import Speaker
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import paging
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.referral_log import defused

ACTION = "consent.see"
BYTE_ORDER_MARK = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for something else, and é for two letters."""


@bp.get("/messages/consent")
@requires(ACTION)
def consents() -> ResponseReturnValue:
    """Show who agreed to texts and who said STOP, the latest first."""
    event, actor = _event(), context.current_actor()
    with context.reading() as session:
        page = reads.page(session, actor, event=event, number=paging.number())
        zone = access.own_affiliate(session, actor).time_zone
    return render_template(
        "coordinator/consents.html",
        page=page,
        event=event,
        zone=zone,
        pills=_pills(event),
        before=_url(event, page=page.number - 1) if page.number > 1 else None,
        after=_url(event, page=page.number + 1) if page.has_next else None,
    )


@bp.post("/messages/consent.csv")
@requires(ACTION)
def consents_file() -> ResponseReturnValue:
    """Give the same as a file. No cell of it can be a formula.

    That it was taken is noted, and so it is a POST: a GET changes nothing.
    """
    event, actor = _event(), context.current_actor()
    with context.transaction() as session:
        rows = reads.everything(session, actor, event=event)
        audit.record(
            session,
            "consent.export",
            actor=actor,
            subject=("affiliate", access.own_affiliate(session, actor).id),
            details={"rows": len(rows)},
            now=clock.now(),
        )
    headers = {"Content-Disposition": 'attachment; filename="consent.csv"'}
    return Response(_as_csv(rows), mimetype="text/csv", headers=headers)


@bp.get("/people/speakers/<speaker_id>/messages")
@requires("message.see")
def speaker_messages(speaker_id: str) -> ResponseReturnValue:
    """Show what was sent to a speaker, and what is known of each number they have had."""
    actor = context.current_actor()
    with context.reading() as session:
        speaker = access.load(session, Speaker, speaker_id, actor=actor, action="message.see")
        page = outbox.page(session, actor, speaker=speaker, number=paging.number())
        agreed = reads.of_speaker(session, actor, speaker)
    return render_template(
        "coordinator/speaker_messages.html", who=speaker, page=page, agreed=agreed
    )


def _as_csv(rows: Sequence[ConsentRow]) -> str:
    file = io.StringIO()
    file.write(BYTE_ORDER_MARK)
    writer = csv.writer(file)
    writer.writerow(
        [_("When"), _("Who"), _("Number"), _("What"), _("How"), _("Words agreed to"), _("Evidence")]
    )
    for row in rows:
        cells = (row.name, row.number, row.status.words, row.source, row.wording, row.evidence)
        writer.writerow([row.at.isoformat(), *map(defused, cells)])
    return file.getvalue()


def _event() -> str:
    given = request.args.get("event", "")
    return given if given in reads.EVENTS else ""


def _pills(event: str) -> list[dict[str, Any]]:
    return [
        {"label": _(label), "on": event == name, "href": _url("" if event == name else name)}
        for name, (_kind, label) in reads.EVENTS.items()
    ]


def _url(event: str, **more: Any) -> str:  # noqa: ANN401 - as url_for
    return url_for("coordinator.consents", event=event or None, **more)
