"""The demo: a fictional bureau to look around in, and a tour that plays the loop in the terminal.

Everyone and everything here is invented; numbers are 555-01xx and addresses end in example.org.
"""
