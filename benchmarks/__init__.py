"""Benchmarks of devcenter, each measured against a reference in the same run. One file for each benchmark."""
