"""Pages by audience: parse, call one workflow, answer."""
