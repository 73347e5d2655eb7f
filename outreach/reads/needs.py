"""One row of what needs a coordinator: how soon, what, and the one action that helps."""

from dataclasses import dataclass
from enum import StrEnum

from outreach.reads.words import Status


class Group(StrEnum):
    """How soon something should be looked at."""

    FIRST = "first"
    TODAY = "today"
    WEEK = "week"


class Step(StrEnum):
    """The one action that helps; pages know where it leads."""

    FIND = "find"
    SEE_WHO_FITS = "see_who_fits"
    APPROVE = "approve"
    LOOK = "look"
    SETTLE = "settle"
    SEE_WAITING = "see_waiting"
    CALL = "call"
    HAVE_CALLED = "have_called"
    SETTLE_REPORT = "settle_report"
    SEE_REFERRAL = "see_referral"
    CHOOSE_AFFILIATE = "choose_affiliate"
    CONFIRM_STOP = "confirm_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that needs somebody. `target` is a public id, or "" where the step needs none.

    `visit` is the public id of the visit its title leads to; "" where it leads nowhere.
    """

    group: Group
    status: Status
    title: str
    text: str
    step: Step
    target: str = ""
    visit: str = ""

    @property
    def is_done_here(self) -> bool:
        """Say whether a button does the step, where others lead to a page."""
        return self.step is Step.HAVE_CALLED
