"""Containers that formats come in: MATLAB, HDF5, NumPy, pickle, XML, YAML and text, each read with bounds."""
