"""Asks the engine and returns frozen facts. Nothing in here judges."""
