"""Servers that Heliograph starts for itself where no real one is configured."""
