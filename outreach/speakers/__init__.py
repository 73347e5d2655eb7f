"""Peer speakers: training, clearances, when they are free, what they do not want."""
