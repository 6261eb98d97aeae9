"""Measuring a model on true pictures and films."""
