"""Push machines for payloads: what stands between the markers of a call.

Each reads text from a position, appends JSON text to a list, and returns the position behind what it consumed. None of
them knows the parser; those that find calls in their text say so by a signal.
"""
