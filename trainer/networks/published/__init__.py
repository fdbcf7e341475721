"""Weights published by others: a registry, the files of them on this machine, and how they come there."""
