"""Reference networks (extra `models`): cards, networks, weights, crops, codecs and losses."""

from poseval.models.registry import ModelCard, card, create_model, list_models
from poseval.models.weights.load import load_weights

__all__ = ["ModelCard", "card", "create_model", "list_models", "load_weights"]
