"""Stages that hold notifications back: inhibition, time intervals, silences."""
