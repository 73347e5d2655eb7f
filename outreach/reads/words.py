"""Codes → sentences in the language now spoken: statuses, reasons, refusals, kinds of message.

Reasons and refusals come as the engine gave them, {"code", "params"}; dates are ISO text there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from babel.dates import format_date

from outreach import i18n
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.visits.rules import Code, Hours, Refusal, Staffing

_SOME_MONDAY = date(2024, 1, 1)
KM_PER_MILE = 1.609344
FOREVER = 9000
"""From this year on a date means "no end"."""

ROLES = (lazy("lead"), lazy("co-presenter"), lazy("peer"), lazy("family"))
LANGUAGES = {"en": lazy("English"), "es": lazy("Spanish")}
AGE_GROUPS = {
    "adult": lazy("Adults"),
    "adolescent": lazy("Adolescents"),
    "older adult": lazy("Older adults"),
}
CLEARANCES = {
    "tb": lazy("TB test"),
    "flu": lazy("Flu shot"),
    "background_check": lazy("Background check"),
    "hospital": lazy("The hospital’s own clearance"),
}
WARNINGS = {
    Code.TOO_SOON: lazy("Asked for at short notice"),
    Code.OUTSIDE_HOURS: lazy("Outside the unit’s visiting hours"),
    Code.NOT_A_LENGTH: lazy("Not a usual length of this program"),
}
MESSAGE_KINDS = {
    "offer": lazy("Question whether they can visit"),
    "offer_gone": lazy("Word that a visit is taken"),
    "note": lazy("Note from a coordinator"),
    "invite_offer": lazy("Question, by calendar"),
    "invite": lazy("Calendar invite"),
    "invite_update": lazy("Calendar update"),
    "invite_cancel": lazy("Calendar cancellation"),
    "invite_elsewhere": lazy("Calendar cancellation to the address before"),
    "reminder": lazy("Reminder"),
    "moved": lazy("Word that a visit moved"),
    "other_place": lazy("Word that a visit has another address"),
    "released": lazy("Word that they need not come"),
    "called_off": lazy("Word that a visit is called off"),
    "on_again": lazy("Word that a visit takes place after all"),
    "taken_back": lazy("Word that a visit was entered by mistake"),
    "reopened": lazy("Word that a place is open again"),
    "still_looking": lazy("Word that somebody is still missing"),
    "digest": lazy("Morning mail to coordinators"),
    "late_trouble": lazy("Word to coordinators that somebody stepped back"),
    "other_time": lazy("Question whether another time would do"),
    "renewal": lazy("Request to renew a paper"),
    "debrief": lazy("Question how a visit went"),
    "they_came": lazy("Question who came"),
    "incident": lazy("Word to coordinators that a report waits"),
    "sms_budget": lazy("Word to coordinators about the budget for texts"),
    "item_waits": lazy("Word that an item waits"),
    "item_waits_inside": lazy("Word that an item waits"),
    "item_changed": lazy("Word that an item was corrected"),
    "item_changed_inside": lazy("Word that an item was corrected"),
    "item_stopped": lazy("Word to stop contact"),
    "item_code": lazy("Code for an item"),
    "helper_pin": lazy("Word about a helper’s PIN"),
    "referral_alert": lazy("Word to coordinators that a referral needs them"),
    "referral_waits": lazy("Word that a referral was never sent"),
    "request_received": lazy("Receipt of a request"),
    "sign_in_code": lazy("Sign-in code"),
    "invitation": lazy("Invitation to sign in"),
    "sign_in_changed": lazy("Word that their signing in was changed"),
    "sign_in_tries": lazy("Word that their second step was tried too often"),
    "address_changed": lazy("Word to the address they had"),
    "referring": lazy("Word whether they may refer people"),
    "confirmed": lazy("Word that the visit is theirs"),
    "yes_reply": lazy("Answer to a text"),
    "no_reply": lazy("Answer to a text"),
    "too_late_reply": lazy("Answer to a text"),
    "unclear_reply": lazy("Answer to a text"),
    "stop_reply": lazy("Answer to a text"),
    "start_reply": lazy("Answer to a text"),
    "help_reply": lazy("Answer to a text"),
}
MESSAGE_STATES = {
    "pending": ("waiting", lazy("Will be sent")),
    "claimed": ("waiting", lazy("Being sent")),
    "sending": ("waiting", lazy("Being sent")),
    "accepted": ("settled", lazy("Sent")),
    "delivered": ("settled", lazy("Delivered")),
    "undelivered": ("needs", lazy("Did not arrive")),
    "failed": ("needs", lazy("Could not be sent")),
    "unknown": ("waiting", lazy("Not known whether it arrived")),
    "cancelled": ("off", lazy("Taken back before sending")),
    "expired": ("off", lazy("Too late to send")),
    "dead": ("needs", lazy("Could not be sent")),
}

MESSAGE_CHANNELS = {"sms": lazy("Text"), "mail": lazy("Mail"), "call": lazy("Call")}

_NUMBERS = (
    lazy("one"),
    lazy("two"),
    lazy("three"),
    lazy("four"),
    lazy("five"),
    lazy("six"),
    lazy("seven"),
    lazy("eight"),
    lazy("nine"),
    lazy("ten"),
)


@dataclass(frozen=True, slots=True)
class Status:
    """A shape of the look and its words."""

    kind: str
    words: str


def role(code: str) -> str:
    """Return a role's word, in lower case."""
    return _(code)


def role_name(code: str) -> str:
    """Return a role's word as a label."""
    return capital(_(code))


def capital(text: str) -> str:
    """Begin a sentence: the first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def language(code: str, *, inside: bool = False) -> str:
    """Return the name of a language; inside a sentence Spanish begins it small."""
    name = _(LANGUAGES[code]) if code in LANGUAGES else code
    return name.lower() if inside and i18n.locale() == "es" else name


def age_group(code: str) -> str:
    """Return whom a unit cares for."""
    return _(AGE_GROUPS[code]) if code in AGE_GROUPS else code


def languages(codes: Iterable[str]) -> str:
    """Return "English and Spanish"."""
    return capital(names([language(code, inside=True) for code in codes]))


def age_groups(codes: Iterable[str]) -> str:
    """Return "Adults and older adults"."""
    return capital(names([age_group(code).lower() for code in codes]))


def clearance(kind: str) -> str:
    """Return the name of a clearance; a word of the affiliate's own stays as it is."""
    return _(CLEARANCES[kind]) if kind in CLEARANCES else capital(kind.replace("_", " "))


def warning(code: str) -> str:
    """Say which soft rule was set aside."""
    return _(WARNINGS[Code(code)]) if code in WARNINGS else code


def message_kind(kind: str) -> str:
    """Say what a message is."""
    return _(MESSAGE_KINDS[kind]) if kind in MESSAGE_KINDS else capital(kind.replace("_", " "))


def channel(name: str) -> str:
    """Say by which way a message goes; a way we have no word for is told as it is called."""
    return _(MESSAGE_CHANNELS[name]) if name in MESSAGE_CHANNELS else capital(name)


def message_state(state: str) -> Status:
    """Say how far a message got."""
    kind, words = MESSAGE_STATES[state]
    return Status(kind, _(words))


def number(count: int) -> str:
    """Return a small number as a word, a larger one in figures."""
    return _(_NUMBERS[count - 1]) if 0 < count <= len(_NUMBERS) else str(count)


def number_alone(count: int) -> str:
    """Return a small number as a word that no noun follows: "uno", and not "un"."""
    return "uno" if count == 1 and i18n.locale() == "es" else number(count)


def minutes(count: int) -> str:
    """Return "60 minutes"."""
    return ngettext("%(num)s minute", "%(num)s minutes", count)


def miles(km: float) -> str:
    """Return a distance as people say it."""
    count = round(km / KM_PER_MILE)
    if count < 1:
        return _("less than a mile away")
    return ngettext("about %(num)s mile away", "about %(num)s miles away", count)


def names(people: Sequence[str]) -> str:
    """Return "Ana", "Ana and Tomás", "Ana, Ben and Tomás"."""
    if len(people) < 2:  # noqa: PLR2004 - one, or nobody
        return "".join(people)
    first = ", ".join(people[:-1])
    return _("%(first)s and %(last)s", first=first, last=people[-1])


def staffing(
    state: Staffing,
    *,
    slots: int,
    filled: int,
    open_roles: Sequence[str],
    asked: int,
    is_over: bool = False,
) -> Status:
    """Say how a visit stands. `asked` counts the offers that wait for an answer."""
    if state is Staffing.CALLED_OFF:
        return Status("off", _("Called off"))
    if state is Staffing.FULL:
        return Status("settled", _confirmed(slots))
    if is_over:
        return Status("off", _found(slots=slots, filled=filled))
    if state is Staffing.HALF:
        return Status("half", _half(slots=slots, filled=filled, open_roles=open_roles, asked=asked))
    if asked:
        return Status("waiting", ngettext("Waiting for an answer", "Waiting for answers", asked))
    return Status("needs", _("Nobody yet"))


def who_comes(who: Sequence[str], *, asked: Sequence[str], proposed: int) -> str:
    """Return "Ana, Tomás", else "James asked" or "Two asked", else that there are proposals."""
    if who:
        return ", ".join(who)
    if len(asked) == 1:
        return _("%(name)s asked", name=asked[0])
    if asked:
        return _("%(num)s asked", num=capital(number(len(asked))))
    return _("Proposed, not yet asked") if proposed else ""


def reasons(given: Iterable[Mapping[str, Any]], *, hospital: str) -> list[str]:
    """Return what speaks for a speaker, a line each; no line shows when somebody is free."""
    said = {each["code"]: each.get("params", {}) for each in given}
    lines: list[str] = []
    if "usual" in said:
        lines.append(_("Comes to this unit often"))
    if "certified" in said:
        lines.append(
            _("Trained as %(role)s for this program", role=role(said["certified"]["role"]))
        )
    lines += _free_and_near(said)
    if "cleared" in said:
        lines.append(_cleared(said["cleared"], hospital=hospital))
    lines += _load(said)
    return lines


def refusal(
    code: str, params: Mapping[str, Any], *, hospital: str, blocking: Mapping[str, str]
) -> tuple[str, str]:
    """Return what stands in the way and what would help.

    `blocking` gives "St. Clare, December 3" by a visit's public id. An exclusion comes as
    "unavailable", exactly as any other, and nothing helps against either.
    """
    maker = _REFUSALS.get(code)
    if maker is None:
        return _("Not available"), "–"
    return maker(params, hospital, blocking)


def against(found: Refusal, *, minutes: int = 0) -> str:
    """Say why a visit can't be then, and what would do; `minutes` is the length asked for."""
    facts = found.facts
    match found.code:
        case Code.NOT_A_TIME:
            words = _("That time is left out on that day, because the clocks change.")
        case Code.TWO_TIMES:
            words = _("That time comes twice on that day, because the clocks change.")
        case Code.IN_THE_PAST:
            words = _("Choose a date and time that are still to come.")
        case Code.TOO_FAR_AHEAD:
            words = _("Choose a date up to %(day)s.", day=_day(facts["latest"], year=True))
        case Code.UNIT_PAUSED:
            words = _paused(facts.get("until"))
        case Code.CLASH:
            words = _("The unit has another visit at that time.")
        case Code.NOT_A_LENGTH:
            lengths = [str(each) for each in facts["lengths"]]
            words = _("This program takes %(lengths)s minutes.", lengths=_or(lengths))
        case Code.TOO_SOON:
            words = _("Choose a date from %(day)s on.", day=_day(facts["earliest"]))
        case _:
            words = _outside(facts["hours"], minutes=minutes)
    return words


def visiting_hours(hours: Iterable[Hours]) -> list[str]:
    """Return "Monday to Friday, 9:00 AM to 5:00 PM", a line for each span of equal days."""
    by_day: dict[int, list[tuple[time, time]]] = {}
    for each in sorted(hours, key=lambda h: (h.weekday, h.opens)):
        by_day.setdefault(each.weekday, []).append((each.opens, each.closes))
    runs: list[tuple[list[int], list[tuple[time, time]]]] = []
    for weekday, spans in by_day.items():
        if runs and runs[-1][1] == spans and runs[-1][0][-1] == weekday - 1:
            runs[-1][0].append(weekday)
        else:
            runs.append(([weekday], spans))
    return [f"{_days(days)}, {_spans(spans)}" for days, spans in runs]


def weekday(number: int) -> str:
    """Return the name of a weekday, 0 for Monday."""
    day = _SOME_MONDAY + timedelta(days=number)
    return capital(format_date(day, "EEEE", locale=i18n.locale()))


def paused(ends_on: date | None) -> str:
    """Say until when a unit takes no visits."""
    if ends_on is None:
        return _("Paused until further notice")
    return _("Paused until %(day)s", day=i18n.day(ends_on))


def last_day(day: date | None) -> str:
    """Return "June 2, 2027", or that there is none."""
    return i18n.day(day, year=True, weekday=False) if day else _("Without an end")


def _confirmed(slots: int) -> str:
    if slots == 1:
        return _("Confirmed")
    if slots == 2:  # noqa: PLR2004 - a pair
        return _("Both confirmed")
    return _("All %(count)s confirmed", count=slots)


def _found(*, slots: int, filled: int) -> str:
    if not filled:
        return _("Nobody was found")
    return _("%(filled)s of %(slots)s found", filled=filled, slots=slots)


def _half(*, slots: int, filled: int, open_roles: Sequence[str], asked: int) -> str:
    if len(open_roles) != 1:
        return _found(slots=slots, filled=filled)
    name = role_name(open_roles[0])
    return _("%(role)s being asked", role=name) if asked else _("%(role)s open", role=name)


def _free_and_near(said: Mapping[str, Mapping[str, Any]]) -> list[str]:
    near = miles(said["distance"]["km"]) if "distance" in said else ""
    if "free" in said:
        return [_("Free at that time, %(near)s", near=near) if near else _("Free at that time")]
    return [capital(near)] if near else []


def _cleared(params: Mapping[str, Any], *, hospital: str) -> str:
    last = _as_date(params["until"])
    if last.year >= FOREVER:
        return _("Cleared for %(hospital)s", hospital=hospital)
    day = i18n.day(last, year=True, weekday=False)
    return _("Cleared for %(hospital)s until %(day)s", hospital=hospital, day=day)


def _load(said: Mapping[str, Mapping[str, Any]]) -> list[str]:
    parts: list[str] = []
    if "recent" in said:
        count = said["recent"]["visits"]
        parts.append(
            ngettext(
                "%(num)s visit in the last 90 days", "%(num)s visits in the last 90 days", count
            )
            if count
            else _("No visit in the last 90 days")
        )
    if "quota" in said:
        used, limit = said["quota"]["used"], said["quota"]["limit"]
        parts.append(_("visit %(used)s of at most %(limit)s that month", used=used, limit=limit))
    return [capital("; ".join(parts))] if parts else []


def _too_far(params: Mapping[str, Any], _hospital: str, _b: Mapping[str, str]) -> tuple[str, str]:
    radius = round(float(params["radius_km"] or 0) / KM_PER_MILE)
    near = capital(miles(params["distance_km"]))
    return _("%(near)s; goes up to %(radius)s miles", near=near, radius=radius), "–"


def _no_language(params: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    return _("Does not speak %(language)s on visits", language=language(params["language"])), "–"


def _no_age_group(params: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    group = age_group(params["unit_type"]).lower()
    return _("Does not visit units for %(group)s", group=group), "–"


def _not_trained(params: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    name = role(params["role"])
    if params.get("ended_on"):
        day = _day(params["ended_on"], year=True, weekday=False)
        return _("Training as %(role)s ended %(day)s", role=name, day=day), _("Renew it")
    return _("Not trained as %(role)s for this program", role=name), _("Training")


def _not_cleared(
    params: Mapping[str, Any], hospital: str, _b: Mapping[str, str]
) -> tuple[str, str]:
    if params.get("ended_on"):
        day = _day(params["ended_on"], year=True, weekday=False)
        stands = _("Clearance for %(hospital)s ends %(day)s", hospital=hospital, day=day)
        return stands, _("Renew it")
    return _("Not cleared for %(hospital)s", hospital=hospital), _("Record the clearance")


def _used_up(params: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    stands = ngettext(
        "%(num)s visit that month, the limit they chose",
        "%(num)s visits that month, the limit they chose",
        params["used"],
    )
    return stands, _("Ask whether one more is welcome")


def _rests(params: Mapping[str, Any], _h: str, blocking: Mapping[str, str]) -> tuple[str, str]:
    visit = blocking.get(params["visit"], "")
    stands = ngettext(
        "Wants %(num)s day between visits (%(visit)s)",
        "Wants %(num)s days between visits (%(visit)s)",
        params["rest_days"],
        visit=visit,
    )
    return stands, _("Another day")


def _overlaps(params: Mapping[str, Any], _h: str, blocking: Mapping[str, str]) -> tuple[str, str]:
    visit = blocking.get(params["visit"], "")
    travel = int(params["travel_minutes"] or 0)
    if not travel:
        return _("Another visit then (%(visit)s)", visit=visit), _("Another time")
    stands = ngettext(
        "Another visit (%(visit)s); the way takes %(num)s minute",
        "Another visit (%(visit)s); the way takes %(num)s minutes",
        travel,
        visit=visit,
    )
    return stands, _("Another time")


def _asked_enough(params: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    stands = ngettext(
        "Has been asked once within a week, as often as your settings allow",
        "Has been asked %(num)s times within a week, as often as your settings allow",
        params["count"],
    )
    return stands, _("A call, or some days later")


def _asked_already(_p: Mapping[str, Any], _h: str, _b: Mapping[str, str]) -> tuple[str, str]:
    return _("Is being asked about this visit, or comes already"), "–"


_REFUSALS = {
    "asked_enough": _asked_enough,
    "asked_already": _asked_already,
    "too_far": _too_far,
    "language": _no_language,
    "unit_type": _no_age_group,
    "not_certified": _not_trained,
    "not_cleared": _not_cleared,
    "quota": _used_up,
    "rest": _rests,
    "overlap": _overlaps,
}


def _days(days: Sequence[int]) -> str:
    first, last = weekday(days[0]), weekday(days[-1])
    if i18n.locale() == "es":  # weekdays are written small
        last = last.lower()
    return first if len(days) == 1 else _("%(first)s to %(last)s", first=first, last=last)


def _spans(spans: Sequence[tuple[time, time]]) -> str:
    return names(
        [
            _("%(first)s to %(last)s", first=i18n.clock_time(opens), last=i18n.clock_time(closes))
            for opens, closes in spans
        ]
    )


def _paused(until_day: str | None) -> str:
    if until_day is None:
        return _("The unit takes no visits for now.")
    return _("The unit takes no visits until %(day)s.", day=_day(until_day))


def _outside(hours: Sequence[Sequence[str]], *, minutes: int) -> str:
    spans = []
    for opens, closes in hours:
        last = datetime.combine(date.min, time.fromisoformat(closes)) - timedelta(minutes=minutes)
        first = time.fromisoformat(opens)
        if last.date() == date.min and last.time() >= first:
            spans.append(
                _(
                    "between %(first)s and %(last)s",
                    first=i18n.clock_time(first),
                    last=i18n.clock_time(last.time()),
                )
            )
    if not spans:
        return _("The unit has no visiting hours for that on this day. Choose another day.")
    return _("Choose a start %(spans)s.", spans=_or(spans))


def _or(parts: Sequence[str]) -> str:
    if len(parts) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(parts)
    return _("%(first)s or %(last)s", first=", ".join(parts[:-1]), last=parts[-1])


def _day(value: date | str, *, year: bool = False, weekday: bool = True) -> str:
    return i18n.day(_as_date(value), year=year, weekday=weekday)


def _as_date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
