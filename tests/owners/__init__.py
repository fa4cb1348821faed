"""What we write, read by the programs that own the formats; each is skipped where its owner is absent."""
