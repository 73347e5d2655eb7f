"""Affiliates with their settings, hospitals, units, programs, and the geography of ZIP codes."""
