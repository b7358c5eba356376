"""Servers written by hand for one answer each, as fast as we can: what the real one is measured against."""
