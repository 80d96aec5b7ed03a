"""What the product costs, beside a tutorial app and beside the least that it could cost: ``make bench``."""
