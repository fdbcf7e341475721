"""Evaluation of models: metrics, intervals, scorecards and reports."""
