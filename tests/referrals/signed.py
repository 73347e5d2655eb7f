"""An authorization with all that any state asks for, to take things away from."""

from datetime import date

from outreach.referrals.codes import Field
from outreach.referrals.rules import STATEMENTS, AuthorizationFacts

TODAY = date(2027, 1, 11)
AFFILIATE = 7

SIGNED = AuthorizationFacts(
    information=frozenset({Field.NAME, Field.CONTACTS}),
    discloser="Lakeside Hospital",
    affiliate_ids=frozenset({AFFILIATE}),
    purpose="To put me in touch with a support group",
    expires_on=date(2027, 4, 11),
    signed_on=TODAY,
    signer="person",
    witnessed=True,
    copy_given=True,
    statements=STATEMENTS,
)
