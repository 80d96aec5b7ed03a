"""Other ways to a person than the inbox: decided in the transaction that sends, delivered by workers."""
