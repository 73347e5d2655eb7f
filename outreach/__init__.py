"""Speaker bureau and hospital outreach scheduler."""
