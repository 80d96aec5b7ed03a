"""The log: the only code that writes notifications, and the only code that numbers them."""
