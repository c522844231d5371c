"""Asks the engine and returns frozen facts.

No points are given in here. But whose doing a failed build is, the hand-in's or what the course
offers, is found out where it can still be asked: `wanting`, `downloads`, `filled`.
"""
