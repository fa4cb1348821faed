"""Output of pose estimators and annotation tools."""
