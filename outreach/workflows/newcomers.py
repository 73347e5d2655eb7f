"""Newcomers are not flooded to catch up: for sharing out they count as if they had been typical.

Fairness makes the sum of squares of everyone's recent visits least, so whoever begins with none
would be given every visit until they had as many as the others (docs/decisions/0025).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

RECENT = timedelta(days=90)
"""Visits of so many days count for sharing out."""


def credited(
    visits: Mapping[int, int], *, joined: Mapping[int, datetime], now: datetime
) -> dict[int, int]:
    """Return the visits a newcomer is taken to have made before they joined, by primary key.

    `joined` says of everyone since when they could be asked, `visits` how many they made in the
    last 90 days (who is not in it: none). Typical is the median of those who were there all that
    time; a newcomer gets the share of it for the days before they joined, rounded. Nobody else is
    in the answer, and nobody at all where no one was there all that time.
    """
    begun = now - RECENT
    settled = [visits.get(each, 0) for each, since in joined.items() if since <= begun]
    if not settled:
        return {}
    typical = median(settled)
    return {
        each: round(typical * ((min(since, now) - begun) / RECENT))
        for each, since in joined.items()
        if since > begun
    }
