"""How good a model is: metrics, intervals, scorecards and reports."""
