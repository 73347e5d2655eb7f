"""Who may sign in: accounts, memberships, one-time codes, web sessions."""
