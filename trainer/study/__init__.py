"""Studies: the comparisons of the sources, run on a project, with intervals and a verdict per claim."""
