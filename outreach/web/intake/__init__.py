"""An affiliate's pages: what was referred to it, one referral, the call, its helpers.

One set of views, two doors: an account signs in, a helper comes by `outreach.web.door`. Views ask
`context.current_actor()` alone.
"""

from outreach.web.intake import inbox, item, people, steps
from outreach.web.intake.blueprint import bp

__all__ = ["bp", "inbox", "item", "people", "steps"]
