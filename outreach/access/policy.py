"""Which kinds of membership may do an action, and which endpoints need none."""

from collections.abc import Mapping

from outreach.actor import Kind

Kinds = frozenset[Kind]

ADMINISTRATOR: Kinds = frozenset({Kind.ADMINISTRATOR})
COORDINATOR: Kinds = frozenset({Kind.COORDINATOR})
INTAKE: Kinds = frozenset({Kind.INTAKE})
RECEIVERS: Kinds = INTAKE | {Kind.HELPER}
"""An affiliate's people: by an account, or by a mailed link, its code and a helper's own PIN. What
one may do with a referral the other may; only who the helpers are is for accounts to say."""
LIAISON: Kinds = frozenset({Kind.LIAISON})
SPEAKER: Kinds = frozenset({Kind.SPEAKER})
STAFF: Kinds = ADMINISTRATOR | COORDINATOR
ANYONE: Kinds = STAFF | INTAKE | LIAISON | SPEAKER
"""Anyone who is signed in."""

POLICY: Mapping[str, Kinds] = {
    # oneself
    "self.see": ANYONE,
    "session.end": ANYONE,
    "morning_mail.choose": COORDINATOR,
    "membership.choose": ANYONE,
    "factor.show": ANYONE,
    "factor.change": ANYONE,
    # accounts and settings
    "audit.see": ADMINISTRATOR,
    "colleague.see": STAFF,
    "administrator.appoint": ADMINISTRATOR,
    "coordinator.appoint": STAFF,
    "liaison.invite": COORDINATOR,
    "liaison.let_refer": COORDINATOR,
    "intake.invite": COORDINATOR,
    "invitation.repeat": STAFF,
    "membership.end": STAFF,
    "factor.reset": STAFF,
    "settings.see": STAFF,
    "settings.change": STAFF,
    "health.see": STAFF,
    # the bureau's day
    "today.see": COORDINATOR,
    "import.run": COORDINATOR,
    "message.see": COORDINATOR,
    "message.settle": COORDINATOR,
    "note.see": COORDINATOR,
    "note.write": COORDINATOR,
    "note.take_back": COORDINATOR,
    "wording.see": COORDINATOR,
    "wording.change": COORDINATOR,
    "cost.see": COORDINATOR,
    "budget.change": COORDINATOR,
    "consent.see": COORDINATOR,
    # places
    "hospital.see": COORDINATOR | LIAISON,
    "hospital.change": COORDINATOR,
    "unit.see": COORDINATOR | LIAISON,
    "unit.change": COORDINATOR,
    "unit.pause": COORDINATOR | LIAISON,
    "unit.brief": COORDINATOR | LIAISON,
    "program.see": COORDINATOR,
    "program.change": COORDINATOR,
    "affiliate.see": COORDINATOR,
    "affiliate.change": COORDINATOR,
    "duty.change": COORDINATOR,
    "agreement.record": COORDINATOR,
    "agreement.end": COORDINATOR,
    "ward.see": LIAISON,
    "serving.see": COORDINATOR | LIAISON,
    # visits
    "visit.request": COORDINATOR | LIAISON,
    "visit.see": COORDINATOR | LIAISON | SPEAKER,
    "visit.move": COORDINATOR | LIAISON,
    "visit.call_off": COORDINATOR | LIAISON,
    "time.propose": COORDINATOR,
    "time.answer": LIAISON,
    "proposal.find": COORDINATOR,
    "proposal.approve": COORDINATOR,
    "proposal.drop": COORDINATOR,
    "proposal.choose": COORDINATOR,
    "offer.make": COORDINATOR,
    "offer.withdraw": COORDINATOR,
    "offer.record_answer": COORDINATOR,
    "offer.see": SPEAKER,
    "offer.answer": SPEAKER,
    "assignment.end": COORDINATOR | SPEAKER,
    # after a visit
    "debrief.tell": SPEAKER,
    "debrief.call": COORDINATOR,
    "came.tell": LIAISON,
    "attendance.record": COORDINATOR,
    "audience.record": COORDINATOR,
    "incident.report": COORDINATOR | LIAISON | SPEAKER,
    "incident.settle": COORDINATOR,
    # referrals
    "referral.see": COORDINATOR | LIAISON | RECEIVERS,
    "ward.refer": LIAISON,
    "bureau.refer": COORDINATOR,
    "referral.begin": COORDINATOR | LIAISON,
    "referral.authorize": COORDINATOR | LIAISON,
    "referral.send": COORDINATOR | LIAISON,
    "referral.correct": COORDINATOR | LIAISON,
    "referral.cancel": COORDINATOR | LIAISON | RECEIVERS,
    "referral.answer": COORDINATOR | RECEIVERS,
    "referral.work": COORDINATOR | RECEIVERS,
    "referral.confirm_stop": COORDINATOR | RECEIVERS,
    "referral.remind": COORDINATOR,
    "referral.settle": COORDINATOR,
    "referral.reroute": COORDINATOR,
    "referral.reopen": COORDINATOR,
    "referral.take_back": COORDINATOR,
    "referral.read_code": COORDINATOR,
    "disclosure.see": COORDINATOR,
    "authorization.revoke": COORDINATOR | LIAISON,
    "capacity.change": COORDINATOR | RECEIVERS,
    "helper.see": COORDINATOR | INTAKE,
    "helper.change": COORDINATOR | INTAKE,
    # speakers
    "speaker.see": COORDINATOR,
    "speaker.change": COORDINATOR,
    "speaker.ask_to_renew": COORDINATOR,
    "profile.see": SPEAKER,
    "profile.change": SPEAKER,
    "availability.change": SPEAKER,
    "away.change": SPEAKER,
    "exclusion.change": SPEAKER,
    "consent.change": SPEAKER,
    "feed.see": COORDINATOR | LIAISON | SPEAKER,
    "feed.renew": COORDINATOR | LIAISON | SPEAKER,
}
"""Action (noun.verb) → the kinds of membership that may do it."""

REFERRING: frozenset[str] = frozenset(
    {
        "ward.refer",
        "referral.see",
        "referral.begin",
        "referral.authorize",
        "referral.send",
        "referral.correct",
        "referral.cancel",
        "authorization.revoke",
    }
)
"""Actions of POLICY that a liaison may do only with the right to refer (`actor.may_refer`)."""

ROOMS: Mapping[str, Kinds] = {
    "coordinator": STAFF,
    "intake": RECEIVERS,
    "liaison": LIAISON,
    "referring": COORDINATOR | LIAISON,
    "speaker": SPEAKER,
}
"""Blueprint → whom its pages are for. A second wall: several kinds may see a visit, each on a page
of its own, and the coordinator's shows what no liaison may read."""

PUBLIC = frozenset(
    {
        "public.start",
        "public.help",
        "public.privacy",
        "stop.show",
        "stop.stop",
        "stop.stopped",
        "auth.sign_in",
        "auth.send_code",
        "auth.code",
        "auth.use_code",
        "auth.language",
        "door.leave",
        "door.left",
        "door.stopped",
        "static",
        "bootstrap.static",
        "health.show",
    }
)
"""Endpoints anyone may open."""

BY_LINK = frozenset(
    {
        "public.answer",
        "public.give_answer",
        "public.cannot_come",
        "public.step_back",
        "public.take_back",
        "public.calendar_file",
        "ending.show",
        "ending.choose",
        "after_visit.debrief",
        "after_visit.tell",
        "after_visit.incident",
        "after_visit.report",
        "after_visit.came",
        "after_visit.say_who_came",
        "after_visit.unit_incident",
        "after_visit.unit_report",
        "no_notes.show",
        "no_notes.stop",
        "no_notes.resume",
        "door.show",
        "door.ask",
        "door.code",
        "door.use_code",
        "door.who",
        "door.enter",
        "door.confirm_stopped",
        "feeds.feed",
        "demo_sign_in.show",
        "demo_sign_in.enter",
    }
)
"""Endpoints whose unguessable address is the authority: no session, no forgery token (whoever could
forge the POST would have to know the address, and then needs no forging), no referrer, no store."""

WITH_FORM_TOKEN = frozenset({"door.enter"})
"""Endpoints of BY_LINK where a cookie counts as well, so that a POST needs its form's token: behind
the code, the browser is known by its cookie."""

HOOKS = frozenset(
    {"hooks.twilio_inbound", "hooks.twilio_status", "mail_hook.take", "health.metrics"}
)
"""Endpoints a program calls; each checks the provider's signature, or the token, itself."""

DEMO = frozenset(
    {
        "demo.home",
        "demo.phone",
        "demo.send_text",
        "demo.mail",
        "demo.invite",
    }
)
"""Endpoints of a fictional bureau, registered only where `outreach demo` made the database."""
