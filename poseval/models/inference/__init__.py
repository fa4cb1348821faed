"""From a picture to joints: crops, decoding, suppression, and the test procedures."""
