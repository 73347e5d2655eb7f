"""Referring somebody: who and when, the affiliate, the signed form, and what is printed.

One room. The list of referrals and a referral's own page belong to who looks at it.
"""

from outreach.web.referring import begin, papers, sign
from outreach.web.referring.blueprint import bp

__all__ = ["begin", "bp", "papers", "sign"]
