"""Training by published recipes: recipes as data, one loop, checkpoints that resume to the bit."""
