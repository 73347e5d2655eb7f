"""Every table in one import, for Alembic and for tests over the metadata."""

from outreach import audit
from outreach.accounts import models as accounts
from outreach.calendars import models as calendars
from outreach.db import Base
from outreach.directory import models as directory
from outreach.messaging import models as messaging
from outreach.referrals import models as referrals
from outreach.speakers import models as speakers
from outreach.visits import models as visits

metadata = Base.metadata

__all__ = [
    "accounts",
    "audit",
    "calendars",
    "directory",
    "messaging",
    "metadata",
    "referrals",
    "speakers",
    "visits",
]
