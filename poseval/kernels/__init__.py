"""The compiled module: hot loops over columns, each with a plain NumPy twin in the tests."""
