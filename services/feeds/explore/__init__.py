"""Explore: what is new to a viewer, and like what the viewer likes."""
