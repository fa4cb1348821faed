"""Benchmarks of one person per image or frame: LSP, FLIC, PARSE, Penn Action, JHMDB, and bare arrays."""
