"""Fuzzing of grammars."""
