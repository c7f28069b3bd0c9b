"""The trained model, as tests/nlu finds or trains it."""

from tests.nlu.conftest import model

__all__ = ["model"]
