"""Weights: published checkpoints, PaddlePaddle's and TensorFlow.js' files."""
