"""Read-only joins of several domains for pages and reports, as small frozen rows."""
