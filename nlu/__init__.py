"""What runs inside Rasa's process (Python 3.10): tokenizer, channel, tracker store, launcher."""
