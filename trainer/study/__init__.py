"""Studies: comparisons of the sources' methods on a project, with intervals and a verdict per claim."""
