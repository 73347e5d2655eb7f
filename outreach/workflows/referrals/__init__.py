"""The referral loop: from a conversation on a unit until the person was truly reached.

`steps.take` is the only way a referral changes its state: it finds the step in
`referrals.machine.STEPS`, judges its guards, decides in one UPDATE, writes the event, moves the
clocks and carries out the effects, all in the caller's transaction. The other modules gather what
a step needs: `drafts` and `authorizing` before it is sent, `sending`, `working` for the affiliate,
`stopping` for every way to an end before time, `children` for rerouting and reopening, `deadlines`
for clocks that run out, `doors` for links, codes and PINs.
"""
