"""Words of Khmer for Rasa.

Rasa's word featurizer cuts text with `\\w`, and Python's `re` does not count Khmer vowel signs and
coeng as `\\w`, so every Khmer word falls into consonant shards (scikit-learn #30935). The
featurizer reads `Token.lemma`, so each Khmer code point is given a letter that `\\w` accepts, one
for one: the lemma is as exact as the word.
"""

from threading import Lock
from typing import Any

import khmercut
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

LEMMA = {
    # Khmer and Khmer symbols -> CJK letters: one case, always `\w`, not typed by our people.
    **{point: chr(0x4E00 + point - 0x1780) for point in range(0x1780, 0x1800)},
    **{point: chr(0x4F00 + point - 0x19E0) for point in range(0x19E0, 0x1A00)},
    # Khmer digits -> ASCII, which Rasa then counts as one "number" word.
    **{0x17E0 + digit: str(digit) for digit in range(10)},
}

_one_tagger = Lock()  # khmercut has one global CRF tagger, and it is not thread-safe


def words(text: str) -> list[str]:
    """Cut `text` into words; joined together they are `text` again, spaces and all."""
    with _one_tagger:
        return list(khmercut.tokenize(text)) if text else []


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class KhmerTokenizer(Tokenizer):
    """Cuts Khmer with khmercut; leaves Latin words whole; drops spaces and U+200B."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Give the two settings every Rasa tokenizer must have."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_"}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Give the words of one attribute with their places in the text."""
        text = message.get(attribute)
        tokens: list[Token] = []
        position = 0
        for word in words(text):
            start = text.index(word, position)
            position = start + len(word)
            # khmercut may glue a space to a Latin word, or two Latin words to each other.
            inner = start
            for piece in word.replace("\u200b", " ").split():
                inner = text.index(piece, inner)
                tokens.append(Token(piece, inner, lemma=piece.lower().translate(LEMMA)))
                inner += len(piece)
        return tokens
