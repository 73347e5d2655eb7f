"""Every route, who may use it, and what its address names: written by hand, reviewed, walked by
test_access_table.py. A route without a row here fails the tests.

A row says who, then what each part of the address names in `tests.bureau` ("visit", "unit", …):

    "liaison.visit": members(LIAISON, visit_id="visit"),

Parts that name no row (a step, a month) go into `fixed`. `form` is what an allowed POST sends;
a value "@unit" stands for that row's public id, and is swapped with a stranger's as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from outreach.actor import Kind

Kinds = frozenset[Kind]

ADMINISTRATOR: Kinds = frozenset({Kind.ADMINISTRATOR})
COORDINATOR: Kinds = frozenset({Kind.COORDINATOR})
INTAKE: Kinds = frozenset({Kind.INTAKE})
RECEIVERS: Kinds = INTAKE | {Kind.HELPER}
LIAISON: Kinds = frozenset({Kind.LIAISON})
SPEAKER: Kinds = frozenset({Kind.SPEAKER})
STAFF = ADMINISTRATOR | COORDINATOR
ANYONE = STAFF | INTAKE | LIAISON | SPEAKER


@dataclass(frozen=True)
class Row:
    """What is expected of one endpoint."""

    door: str
    who: Kinds = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    half_in: bool = False


def members(
    who: Kinds,
    *,
    fixed: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    half_in: bool = False,
    **ids: str,
) -> Row:
    """Only these kinds of membership, each within its own place.

    Those who need a second factor only after they have shown it, unless `half_in`.
    """
    return Row("members", who, ids, fixed or {}, form or {}, query or {}, half_in)


def public(
    *,
    ids: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Row:
    """Anyone, signed in or not."""
    return Row("public", ids=ids or {}, fixed=fixed or {}, form=form or {})


def by_link(
    *, fixed: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None, **ids: str
) -> Row:
    """Whoever has the address, which cannot be guessed."""
    return Row("link", ids=ids, fixed=fixed or {}, form=form or {})


def hook(*, fixed: Mapping[str, str] | None = None) -> Row:
    """A provider, by its signature."""
    return Row("hook", fixed=fixed or {})


TABLE: Mapping[str, Row] = {
    # anyone
    "static": public(fixed={"filename": "outreach.css"}),
    "bootstrap.static": public(fixed={"filename": "css/bootstrap.min.css"}),
    "public.start": public(),
    "public.help": public(),
    "public.privacy": public(),
    "stop.show": public(),
    "stop.stop": public(form={"number": "R-481207", "code": "4812 0733"}),
    "stop.stopped": public(),
    "door.leave": public(),
    "door.left": public(),
    "door.stopped": public(),
    "auth.sign_in": public(),
    "auth.send_code": public(form={"email": "nobody@people.example"}),
    "auth.code": public(),
    "auth.use_code": public(form={"code": "12345678"}),
    "auth.language": public(form={"lang": "es"}),
    # whoever has the link
    "public.answer": by_link(token="answer"),
    "public.give_answer": by_link(token="answer", form={"answer": "yes"}),
    "public.calendar_file": by_link(token="answer"),
    "public.cannot_come": by_link(token="answer"),
    "public.step_back": by_link(token="answer"),
    "public.take_back": by_link(token="answer"),
    "ending.show": by_link(fixed={"sort": "reminders"}, token="ending token"),
    "ending.choose": by_link(fixed={"sort": "reminders"}, token="ending token"),
    "after_visit.debrief": by_link(token="debrief token"),
    "after_visit.tell": by_link(
        token="debrief token", form={"how_was_it": "well", "how_are_you": "well", "hours": "1"}
    ),
    "after_visit.incident": by_link(token="debrief token"),
    "after_visit.report": by_link(
        token="debrief token", form={"kind": "other", "words": "The alarm."}
    ),
    "after_visit.came": by_link(token="came token"),
    "after_visit.say_who_came": by_link(token="came token", form={"outcome": "all_came"}),
    "after_visit.unit_incident": by_link(token="came token"),
    "after_visit.unit_report": by_link(
        token="came token", form={"kind": "other", "words": "The alarm."}
    ),
    "no_notes.show": by_link(token="no notes token"),
    "no_notes.stop": by_link(token="no notes token"),
    "no_notes.resume": by_link(token="no notes token"),
    "door.show": by_link(token="item link"),
    "door.ask": by_link(token="item link"),
    "door.code": by_link(token="item link"),
    "door.use_code": by_link(token="item link", form={"code": "12345678"}),
    "door.who": by_link(token="item link"),
    "door.enter": by_link(token="item link", form={"pin": "480713"}),
    "door.confirm_stopped": by_link(token="stopped link"),
    "feeds.feed": by_link(token="feed"),
    "demo_sign_in.show": by_link(token="demo"),
    "demo_sign_in.enter": by_link(token="demo"),
    # providers
    "health.show": public(),
    "health.metrics": hook(),
    "mail_hook.take": hook(),
    "hooks.twilio_inbound": hook(),
    "hooks.twilio_status": hook(fixed={"attempt": "any"}),
    # the demo's phones and mailboxes, which exist only with fictional people
    "demo.home": public(),
    "demo.phone": public(ids={"public_id": "speaker"}),
    "demo.send_text": public(ids={"public_id": "speaker"}, form={"body": "Which door?"}),
    "demo.mail": public(ids={"public_id": "console_message"}),
    "demo.invite": public(ids={"public_id": "console_message"}),
    # one's own calendar feed
    "feeds.address": members(COORDINATOR | LIAISON | SPEAKER),
    "feeds.renew": members(COORDINATOR | LIAISON | SPEAKER),
    "feeds.revoke": members(COORDINATOR | LIAISON | SPEAKER),
    "feeds.show": members(COORDINATOR | LIAISON | SPEAKER, form={"detail": "minimal"}),
    "feeds.visit": members(COORDINATOR | LIAISON | SPEAKER, visit_id="visit"),
    "feeds.visit_file": members(COORDINATOR | LIAISON | SPEAKER, visit_id="visit"),
    # one's own account
    "auth.sign_out": members(ANYONE, half_in=True),
    "second_factor.show": members(ANYONE, half_in=True),
    "second_factor.use_code": members(ANYONE, half_in=True, form={"code": "000000"}),
    "second_factor.use_passkey": members(ANYONE, half_in=True, form={"credential": "{}"}),
    "second_factor.challenge": members(ANYONE, half_in=True, form={"purpose": "show"}),
    "second_factor.choose": members(ANYONE, half_in=True),
    "second_factor.begin_app": members(ANYONE, half_in=True),
    "second_factor.app": members(ANYONE, half_in=True),
    "second_factor.confirm_app": members(ANYONE, half_in=True, form={"code": "000000"}),
    "second_factor.new_passkey": members(ANYONE, half_in=True),
    "second_factor.add_passkey": members(ANYONE, half_in=True, form={"name": "Blue key"}),
    "second_factor.make_codes": members(ANYONE),
    "second_factor.remove_app": members(ANYONE),
    "second_factor.remove_passkey": members(ANYONE, passkey_id="own passkey"),
    "account.show": members(ANYONE),
    "account.messages": members(ANYONE),
    "account.choose_morning_mail": members(COORDINATOR),
    "account.end_session": members(ANYONE, session_id="session"),
    "account.end_other_sessions": members(ANYONE),
    "account.choose_membership": members(ANYONE, membership_id="own membership", half_in=True),
    # liaisons
    "liaison.units": members(LIAISON),
    "liaison.hospital": members(LIAISON),
    "liaison.ask": members(LIAISON),
    "liaison.asked": members(LIAISON, visit_id="visit"),
    "liaison.visit": members(LIAISON, visit_id="visit"),
    "liaison.confirm_call_off": members(LIAISON, visit_id="visit"),
    "liaison.call_off": members(LIAISON, visit_id="visit"),
    "liaison.change_time": members(LIAISON, visit_id="visit"),
    "liaison.other_time": members(LIAISON, visit_id="visit"),
    "liaison.accept_time": members(LIAISON, time_id="other_time"),
    "liaison.keep_time": members(LIAISON, time_id="other_time"),
    "liaison.move": members(
        LIAISON, visit_id="visit", form={"day": "2026-12-09", "time": "10:00", "minutes": "60"}
    ),
    "liaison.pause": members(LIAISON, unit_id="unit"),
    "liaison.begin_pause": members(LIAISON, unit_id="unit", form={"starts_on": "2026-12-20"}),
    "liaison.end_pause": members(LIAISON, pause_id="unit_pause"),
    "liaison.brief": members(LIAISON, unit_id="unit"),
    "liaison.write_brief": members(LIAISON, unit_id="unit", form={"text": "Ring twice."}),
    "liaison.contact": members(LIAISON, unit_id="unit"),
    "liaison.change_contact": members(LIAISON, unit_id="unit", form={"name": "Nurse Joy"}),
    # a hospital's referrals
    "liaison.referrals": members(LIAISON),
    "referring.new_here": members(
        COORDINATOR,
        form={
            "discharged_on": "2026-11-23",
            "zip_code": "48201",
            "age_group": "adult",
            "groups": "call_back",
        },
    ),
    "referring.new": members(
        LIAISON,
        form={
            "unit": "@unit",
            "discharged_on": "2026-11-24",
            "zip_code": "48201",
            "age_group": "adult",
            "groups": "call_back",
        },
    ),
    "referring.describe": members(
        COORDINATOR | LIAISON,
        referral_id="unsigned referral",
        form={
            "version": "1",
            "discharged_on": "2026-11-24",
            "zip_code": "48201",
            "age_group": "adult",
            "groups": "call_back",
        },
    ),
    "referring.affiliate": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.choose": members(
        COORDINATOR | LIAISON,
        referral_id="unsigned referral",
        form={"affiliate": "@kept affiliate", "version": "1"},
    ),
    "referring.form": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.print_form": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.information_given": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.signed": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.record": members(COORDINATOR | LIAISON, referral_id="unsigned referral"),
    "referring.print_downtime": members(LIAISON),
    "liaison.referral": members(LIAISON, referral_id="referral"),
    "liaison.send_referral": members(LIAISON, referral_id="referral", form={"version": "1"}),
    "referring.print_copy": members(COORDINATOR | LIAISON, referral_id="referral"),
    "referring.print_receipt": members(COORDINATOR | LIAISON, referral_id="referral"),
    "liaison.call_back": members(
        LIAISON, referral_id="referral", form={"version": "1", "reason": "recalled"}
    ),
    "liaison.correct_referral": members(LIAISON, referral_id="referral"),
    "liaison.take_correction": members(
        LIAISON,
        referral_id="referral",
        form={"version": "1", "name": "Sam", "contact_1": "313-555-0188"},
    ),
    "liaison.withdraw": members(
        LIAISON, referral_id="referral", form={"how": "spoken", "received_by": "Nurse Joy"}
    ),
    "liaison.paper_came": members(
        LIAISON, referral_id="referral", form={"written_on": "2026-11-23", "witness": "y"}
    ),
    # who receives referrals
    "serving.who_serves": members(COORDINATOR | LIAISON, query={"zip": "48201"}),
    "liaison.came": members(LIAISON, visit_id="past visit"),
    "liaison.say_who_came": members(
        LIAISON, visit_id="past visit", form={"outcome": "all_came", "people": "8"}
    ),
    "liaison.incident": members(LIAISON, visit_id="past visit"),
    "liaison.report_incident": members(
        LIAISON, visit_id="past visit", form={"kind": "other", "words": "The alarm rang."}
    ),
    # an affiliate's people, by an account or by link, code and PIN
    "intake.inbox": members(RECEIVERS),
    "intake.set_capacity": members(RECEIVERS, form={"capacity": "waitlist"}),
    "intake.item": members(RECEIVERS, referral_id="item"),
    "intake.call": members(RECEIVERS, referral_id="item"),
    "intake.acknowledge": members(RECEIVERS, referral_id="item", form={"version": "1"}),
    "intake.accept": members(RECEIVERS, referral_id="item", form={"version": "1"}),
    "intake.decline": members(
        RECEIVERS, referral_id="item", form={"version": "1", "reason": "no_capacity"}
    ),
    "intake.record_try": members(RECEIVERS, referral_id="item"),
    "intake.reached": members(RECEIVERS, referral_id="item", form={"result": "they_called"}),
    "intake.hold": members(
        RECEIVERS,
        referral_id="item",
        form={"version": "1", "reason": "waitlist", "resume_on": "2026-12-01"},
    ),
    "intake.resume": members(RECEIVERS, referral_id="item", form={"version": "1"}),
    "intake.close": members(RECEIVERS, referral_id="item", form={"version": "1"}),
    "intake.take_today": members(RECEIVERS, referral_id="item"),
    "intake.give_back": members(RECEIVERS, referral_id="item"),
    "intake.write_note": members(RECEIVERS, referral_id="item"),
    "intake.confirm_stopped": members(RECEIVERS, referral_id="withdrawn item"),
    "intake.helpers": members(INTAKE),
    "intake.add_helper": members(INTAKE, form={"name": "Omar Reyes"}),
    "intake.forget_pin": members(INTAKE, helper_id="intake_helper"),
    "intake.let_go": members(INTAKE, helper_id="intake_helper"),
    "intake.let_back": members(INTAKE, helper_id="intake_helper"),
    # speakers
    "speaker.home": members(SPEAKER),
    "speaker.open_visits": members(SPEAKER),
    "speaker.volunteer": members(SPEAKER, slot_id="slot"),
    "speaker.accept": members(SPEAKER, offer_id="offer"),
    "speaker.not_this_time": members(SPEAKER, offer_id="offer"),
    "undo.a_yes": members(COORDINATOR | SPEAKER, assignment_id="assignment"),
    "undo.a_step_back": members(COORDINATOR | SPEAKER, assignment_id="assignment"),
    "undo.a_no": members(SPEAKER, offer_id="offer"),
    "undo.a_call_off": members(COORDINATOR | LIAISON, visit_id="visit"),
    "speaker.visit": members(SPEAKER, assignment_id="assignment"),
    "speaker.cannot_come": members(SPEAKER, assignment_id="assignment"),
    "speaker.step_back": members(SPEAKER, assignment_id="assignment"),
    "speaker.debrief": members(SPEAKER, assignment_id="past assignment"),
    "speaker.tell_debrief": members(
        SPEAKER,
        assignment_id="past assignment",
        form={"how_was_it": "well", "how_are_you": "well", "hours": "1"},
    ),
    "speaker.incident": members(SPEAKER, assignment_id="past assignment"),
    "speaker.report_incident": members(
        SPEAKER,
        assignment_id="past assignment",
        form={"kind": "other", "words": "The alarm rang."},
    ),
    "speaker.times": members(SPEAKER),
    "speaker.set_times": members(SPEAKER, form={"free": "0-morning"}),
    "speaker.exact_times": members(SPEAKER),
    "speaker.set_exact_times": members(SPEAKER),
    "speaker.add_away": members(SPEAKER, form={"starts_on": "2026-12-27", "ends_on": "2026-12-28"}),
    "speaker.remove_away": members(SPEAKER, away_id="away"),
    "speaker.own_calendar": members(SPEAKER),
    "speaker.connect_calendar": members(
        SPEAKER, form={"address": "https://calendar.example.org/own.ics"}
    ),
    "speaker.read_calendar": members(SPEAKER),
    "speaker.disconnect_calendar": members(SPEAKER),
    "speaker.pause": members(SPEAKER, form={"until": "2026-12-27"}),
    "speaker.resume": members(SPEAKER),
    "speaker.about": members(SPEAKER),
    "speaker.reach": members(SPEAKER, form={"channel": "mail"}),
    "speaker.shown": members(SPEAKER, form={"detail": "full", "calendar": "both", "locale": "en"}),
    "speaker.wishes": members(SPEAKER, form={"quota": "2", "rest_days": "1", "languages": "en"}),
    "speaker.never": members(SPEAKER),
    "speaker.remove_never": members(SPEAKER, exclusion_id="exclusion"),
    # coordinators
    "coordinator.today": members(COORDINATOR),
    "coordinator.visits": members(COORDINATOR),
    "coordinator.visit": members(COORDINATOR, visit_id="visit"),
    "coordinator.ask_for_visit": members(COORDINATOR),
    "coordinator.take_on": members(COORDINATOR, visit_id="visit"),
    "coordinator.call_off": members(COORDINATOR, visit_id="visit"),
    "coordinator.move": members(COORDINATOR, visit_id="visit"),
    "coordinator.phoned_yes": members(COORDINATOR, visit_id="visit"),
    "coordinator.proposals": members(COORDINATOR),
    "coordinator.choose_visits": members(COORDINATOR),
    "coordinator.find_speakers": members(COORDINATOR, form={"hospital": "@hospital"}),
    "coordinator.matching_run": members(COORDINATOR, run_id="matching_run"),
    "coordinator.stop_matching_run": members(COORDINATOR, run_id="matching_run"),
    "coordinator.matching_changes": members(COORDINATOR, run_id="matching_run"),
    "coordinator.approve": members(COORDINATOR, proposal_id="proposal"),
    "coordinator.approve_all": members(COORDINATOR),
    "coordinator.propose_time": members(
        COORDINATOR, visit_id="visit", form={"starts_at": "2026-12-08T18:00:00+00:00"}
    ),
    "coordinator.ask_to_renew": members(
        COORDINATOR, visit_id="visit", form={"speaker": "@speaker"}
    ),
    "coordinator.someone_else": members(COORDINATOR, slot_id="slot"),
    "coordinator.propose": members(COORDINATOR, slot_id="slot", form={"speaker": "@speaker"}),
    "coordinator.drop": members(COORDINATOR, proposal_id="proposal"),
    "coordinator.ask_in_order": members(COORDINATOR, slot_id="slot"),
    "coordinator.ask_speaker": members(COORDINATOR, slot_id="slot", form={"speaker": "@speaker"}),
    "coordinator.withdraw_offer": members(COORDINATOR, offer_id="offer"),
    "coordinator.step_back": members(COORDINATOR, assignment_id="assignment"),
    "coordinator.attendance": members(
        COORDINATOR, assignment_id="past assignment", form={"came": "yes", "hours": "1:30"}
    ),
    "coordinator.audience": members(COORDINATOR, visit_id="past visit", form={"people": "9"}),
    "coordinator.have_called": members(COORDINATOR, debrief_id="debrief"),
    "coordinator.incident": members(
        COORDINATOR, visit_id="past visit", form={"kind": "other", "words": "The alarm rang."}
    ),
    "coordinator.settle_incident": members(
        COORDINATOR, incident_id="incident_report", form={"note": "I called the unit."}
    ),
    "coordinator.referrals": members(COORDINATOR),
    "coordinator.referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.referral_person_page": members(COORDINATOR, referral_id="referral"),
    "coordinator.referral_code": members(COORDINATOR, referral_id="referral"),
    "coordinator.remind_referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.send_referral": members(
        COORDINATOR, referral_id="referral", form={"version": "1"}
    ),
    "coordinator.confirm_referral_stop": members(COORDINATOR, referral_id="referral"),
    "coordinator.leave_referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.reopen_referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.settle_referral_clocks": members(COORDINATOR, referral_id="referral"),
    "coordinator.record_referral": members(
        COORDINATOR,
        referral_id="referral",
        fixed={"what": "acknowledge"},
        form={"version": "1", "reported_by": "Lena Ortiz"},
    ),
    "coordinator.recall_referral": members(
        COORDINATOR, referral_id="referral", form={"version": "1", "reason": "recalled"}
    ),
    "coordinator.correct_referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.take_correction": members(
        COORDINATOR,
        referral_id="referral",
        form={"version": "1", "name": "Sam", "contact_1": "313-555-0188"},
    ),
    "coordinator.withdraw_referral": members(
        COORDINATOR, referral_id="referral", form={"how": "spoken", "received_by": "Nurse Joy"}
    ),
    "coordinator.paper_of_referral": members(
        COORDINATOR, referral_id="referral", form={"written_on": "2026-11-23", "witness": "y"}
    ),
    "coordinator.reroute_referral": members(COORDINATOR, referral_id="referral"),
    "coordinator.take_back_referral": members(
        COORDINATOR, referral_id="referral", form={"version": "1"}
    ),
    "coordinator.disclosures": members(COORDINATOR, referral_id="referral"),
    "coordinator.disclosures_file": members(COORDINATOR, referral_id="referral"),
    "coordinator.people": members(COORDINATOR),
    "coordinator.liaisons": members(COORDINATOR),
    "coordinator.invite_liaison": members(
        COORDINATOR, form={"hospital": "@hospital", "name": "Lee", "email": "lee@hospital.example"}
    ),
    "coordinator.let_refer": members(COORDINATOR, membership_id="membership"),
    "coordinator.stop_referring": members(COORDINATOR, membership_id="membership"),
    "coordinator.intake": members(COORDINATOR),
    "coordinator.invite_intake": members(
        COORDINATOR, form={"name": "Ines", "email": "ines@people.example"}
    ),
    "coordinator.coordinators": members(STAFF),
    "coordinator.invite_coordinator": members(
        STAFF, form={"name": "Sam", "email": "sam@people.example"}
    ),
    "coordinator.invite_administrator": members(
        ADMINISTRATOR, form={"name": "Sam", "email": "sam@people.example"}
    ),
    "coordinator.invite_again": members(STAFF, membership_id="membership"),
    "coordinator.reset_second_step": members(
        STAFF, membership_id="membership", form={"reason": "lost"}
    ),
    "coordinator.end_membership": members(STAFF, membership_id="membership"),
    "coordinator.add_speaker": members(COORDINATOR),
    "coordinator.speaker": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.change_speaker": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.invite_speaker": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.archive_speaker": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.restore_speaker": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.add_certification": members(
        COORDINATOR,
        speaker_id="speaker",
        form={
            "program": "@program",
            "role": "peer",
            "starts_on": "2026-01-01",
            "ends_on": "2027-01-01",
        },
    ),
    "coordinator.certification": members(COORDINATOR, certification_id="certification"),
    "coordinator.remove_certification": members(COORDINATOR, certification_id="certification"),
    "coordinator.add_clearance": members(
        COORDINATOR,
        speaker_id="speaker",
        form={
            "kind": "hospital",
            "hospital": "@hospital",
            "starts_on": "2026-01-01",
            "ends_on": "2027-01-01",
        },
    ),
    "coordinator.clearance": members(COORDINATOR, clearance_id="clearance"),
    "coordinator.remove_clearance": members(COORDINATOR, clearance_id="clearance"),
    "coordinator.hospitals": members(COORDINATOR),
    "coordinator.hospital": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.add_hospital": members(COORDINATOR),
    "coordinator.change_hospital": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.archive_hospital": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.record_agreement": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.confirm_end": members(COORDINATOR, agreement_id="hospital_agreement"),
    "coordinator.end_agreement": members(COORDINATOR, agreement_id="hospital_agreement"),
    "coordinator.choose_form": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.affiliates": members(COORDINATOR),
    "coordinator.affiliate": members(COORDINATOR, affiliate_id="kept affiliate"),
    "coordinator.add_affiliate": members(COORDINATOR),
    "coordinator.change_affiliate": members(COORDINATOR, affiliate_id="kept affiliate"),
    "coordinator.set_capacity": members(
        COORDINATOR, affiliate_id="kept affiliate", form={"capacity": "waitlist"}
    ),
    "coordinator.change_counties": members(
        COORDINATOR, affiliate_id="kept affiliate", form={"state": "IL", "counties": "Cook"}
    ),
    "coordinator.change_hours": members(COORDINATOR, affiliate_id="kept affiliate"),
    "coordinator.change_clocks": members(COORDINATOR, affiliate_id="affiliate"),
    "coordinator.change_duty": members(COORDINATOR),
    "coordinator.helpers": members(COORDINATOR, affiliate_id="kept affiliate"),
    "coordinator.add_helper": members(
        COORDINATOR, affiliate_id="kept affiliate", form={"name": "Omar Reyes"}
    ),
    "coordinator.forget_helpers_pin": members(COORDINATOR, helper_id="intake_helper"),
    "coordinator.let_helper_go": members(COORDINATOR, helper_id="intake_helper"),
    "coordinator.let_helper_back": members(COORDINATOR, helper_id="intake_helper"),
    "coordinator.helper_speaks": members(
        COORDINATOR, helper_id="intake_helper", form={"speaker": "@speaker"}
    ),
    "coordinator.restore_hospital": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.add_unit": members(COORDINATOR, hospital_id="hospital"),
    "coordinator.unit": members(COORDINATOR, unit_id="unit"),
    "coordinator.change_unit": members(COORDINATOR, unit_id="unit"),
    "coordinator.brief": members(COORDINATOR, unit_id="unit", form={"text": "Ring twice."}),
    "coordinator.pause_unit": members(COORDINATOR, unit_id="unit"),
    "coordinator.end_pause": members(COORDINATOR, pause_id="unit_pause"),
    "coordinator.archive_unit": members(COORDINATOR, unit_id="unit"),
    "coordinator.restore_unit": members(COORDINATOR, unit_id="unit"),
    "coordinator.messages": members(COORDINATOR),
    "coordinator.message": members(COORDINATOR, message_id="message"),
    "coordinator.retry_message": members(COORDINATOR, message_id="message"),
    "coordinator.dismiss_message": members(COORDINATOR, message_id="message"),
    "coordinator.notes": members(COORDINATOR),
    "coordinator.write_note": members(
        COORDINATOR,
        query={"of": "visit", "visit": "@visit"},
        form={"text": "Thank you.", "whom": "everyone", "way": "mail", "once": "o" * 22},
    ),
    "coordinator.send_note": members(
        COORDINATOR,
        query={"of": "visit", "visit": "@visit"},
        form={"text": "Thank you.", "whom": "everyone", "way": "mail", "once": "o" * 22},
    ),
    "coordinator.note": members(COORDINATOR, note_id="broadcast"),
    "coordinator.take_note_back": members(COORDINATOR, note_id="broadcast"),
    "coordinator.calls": members(COORDINATOR),
    "coordinator.call_reached": members(COORDINATOR, message_id="message"),
    "coordinator.call_not_answered": members(COORDINATOR, message_id="message"),
    "coordinator.cancel_message": members(COORDINATOR, message_id="message"),
    "coordinator.ask_to_send_again": members(COORDINATOR, message_id="message"),
    "coordinator.send_message_again": members(
        COORDINATOR, message_id="message", form={"copy": "1"}
    ),
    "coordinator.consents": members(COORDINATOR),
    "coordinator.consents_file": members(COORDINATOR),
    "coordinator.speaker_messages": members(COORDINATOR, speaker_id="speaker"),
    "coordinator.address_works": members(COORDINATOR, message_id="message"),
    "coordinator.settle_mail": members(COORDINATOR, mail_id="inbound_mail"),
    "coordinator.take_calendar_time": members(COORDINATOR, mail_id="inbound_mail"),
    "coordinator.texts": members(COORDINATOR),
    "coordinator.settle_text": members(COORDINATOR, text_id="inbound_message"),
    "coordinator.wordings": members(COORDINATOR),
    "coordinator.wording": members(COORDINATOR, fixed={"kind": "offer"}),
    "coordinator.change_wording": members(
        COORDINATOR,
        fixed={"kind": "called_off", "channel": "sms", "locale": "en"},
        form={"text": "{service}: you need not go on {when}."},
    ),
    "coordinator.drop_wording": members(
        COORDINATOR, fixed={"kind": "called_off", "channel": "sms", "locale": "en"}
    ),
    "coordinator.cost": members(COORDINATOR),
    "coordinator.change_budget": members(COORDINATOR, form={"amount": "500", "unit": "segments"}),
    "coordinator.setup": members(STAFF),
    "coordinator.settings": members(STAFF),
    "coordinator.health": members(STAFF),
    "coordinator.order": members(STAFF),
    "coordinator.change_order": members(
        STAFF, form={"levels": "critical,fill,kept,usual,fairness,distance"}
    ),
    "coordinator.load": members(COORDINATOR),
    "coordinator.imports": members(COORDINATOR),
    "coordinator.choose_columns": members(COORDINATOR),
    "coordinator.bring_in": members(COORDINATOR),
    "coordinator.programs": members(COORDINATOR),
    "coordinator.add_program": members(COORDINATOR),
    "coordinator.change_program": members(COORDINATOR, program_id="program"),
    "coordinator.audit_log": members(ADMINISTRATOR),
}
