"""Discharge referrals: authorizations, the state machine, clocks, attempts, disclosures."""
