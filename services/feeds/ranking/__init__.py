"""Ranking: features in, scores out."""
