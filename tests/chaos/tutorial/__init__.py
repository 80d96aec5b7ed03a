"""What tutorials on Django Channels teach, as carefully as they do: the yardstick.

A model, a ``post_save`` receiver that sends to the user's group, and a consumer that passes it on. Whatever a claim
of the product is checked by is run against this, too, and must fail here, or it could not fail at all.
"""
