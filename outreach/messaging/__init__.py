"""The outbox and what may leave through it. It does not know what a visit is."""
