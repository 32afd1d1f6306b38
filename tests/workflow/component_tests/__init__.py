"""Tests of what a suite sends, and how answers are judged."""
