"""Calendar invites and feeds: what a person's calendar shows is always right."""
