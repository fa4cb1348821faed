"""A format, a metric, a benchmark, a model and a tracker, as small as they can be."""
