"""From one pose set, or a folder of them, to any format that is written."""
