"""Kills everything that can be killed, at random moments, and counts what is there at the end."""
