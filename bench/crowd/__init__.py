"""The bench's own people and posts, written straight into the tables: what is measured is asking for them and adding to
them. The same numbers every time, for a seed."""
