"""Values, summaries, signatures and reports, without any renderer."""
