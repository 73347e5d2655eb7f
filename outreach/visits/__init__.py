"""Requests, visits, slots, proposals, offers and assignments."""
