"""Makes a language model of LaBSE's kind, tiny and random; runs in Rasa's environment.

`python tests/nlu/tiny_labse.py FOLDER`: BERT with its word pieces, as the real weights are read
(rasa/LaBSE), but of two layers and with numbers by chance. It knows nothing.
"""

import sys
from pathlib import Path

import tensorflow as tf
from transformers import BertConfig, BertTokenizer, TFBertModel

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def make(folder: Path) -> None:
    """Write config, weights and word pieces into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    signs = [chr(point) for point in (*range(0x21, 0x7F), *range(0x1780, 0x17F0))]
    pieces = folder / "pieces.txt"
    pieces.write_text("\n".join([*SPECIAL, *signs, *(f"##{sign}" for sign in signs)]) + "\n")
    tokenizer = BertTokenizer(str(pieces), do_lower_case=False)
    tokenizer.save_pretrained(folder)
    tf.random.set_seed(7)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    model = TFBertModel(config)
    model(model.dummy_inputs)
    model.save_pretrained(folder)


make(Path(sys.argv[1]))
