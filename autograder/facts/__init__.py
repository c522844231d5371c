"""What was observed: frozen records, no input or output.

Beside the standard library there is `packaging`, for the names in a list of dependencies.
"""
