"""Ways to reach somebody, as the fields of a form hold them (`contact_points` among the macros)."""

from outreach.web.forms import Form
from outreach.workflows.referrals.authorizing import MOST_CONTACTS, ContactPoint


def typed(form: Form) -> list[ContactPoint]:
    """Return the ways to reach somebody as typed."""
    return [
        ContactPoint(
            kind="mail" if "@" in form[f"contact_{place}"].data else "phone",
            value=form[f"contact_{place}"].data,
            safe_to_text=bool(form[f"contact_{place}_text"].data),
            safe_to_voicemail=bool(form[f"contact_{place}_voicemail"].data),
            hours=form[f"contact_{place}_hours"].data or "",
        )
        for place in range(1, MOST_CONTACTS + 1)
        if form[f"contact_{place}"].data
    ]
