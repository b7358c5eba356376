"""Answers written by hand, each as fast as we can: what the real server is measured against.

The same token, session and rules, the same JSON byte for byte, the same rows in the same transactions; one rich
statement a node. What is asked is known beforehand: of a request only the variables are read.
"""
