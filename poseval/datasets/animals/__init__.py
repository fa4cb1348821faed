"""Files of animal tracking: DeepLabCut, SLEAP and NWB."""
