"""From an image to joints: crops, decoding, suppression, and the test procedures."""
