"""Files, folders and archives, opened once and read with bounds; writing that is never half done."""
