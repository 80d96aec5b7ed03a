"""Somebody buys something every few seconds."""

from __future__ import annotations

import logging
import random
import threading

from django.db import DatabaseError, close_old_connections

from ..models import Product
from ..trade import CannotSell, restock, sell

logger = logging.getLogger(__name__)


class Ticker(threading.Thread):
    """Sells every ``seconds`` until :meth:`stop`. Something is restocked in every other round, so it never ends."""

    def __init__(self, *, seconds: float = 3.0, dice: random.Random | None = None) -> None:
        super().__init__(name="stock-ticker", daemon=True)
        self.seconds = seconds
        self._dice = dice or random.Random()
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self.seconds):
            close_old_connections()
            try:
                tick(self._dice)
            except DatabaseError as error:
                # A busy database is no reason to end the show.
                logger.warning("the ticker missed a sale", extra={"error": str(error)})

    def stop(self) -> None:
        self._stopped.set()


def tick(dice: random.Random) -> None:
    """One sale of up to three pieces; perhaps one empty shelf is filled first."""
    shelf = list(Product.objects.all())
    empty = [product for product in shelf if product.stock == 0]
    full = [product for product in shelf if product.stock > 0]
    if empty and (not full or dice.random() < 0.5):
        product = dice.choice(empty)
        restock(product, product.low_stock_threshold + dice.randint(1, 3))
        product.refresh_from_db()
        full.append(product)
    if full:
        product = dice.choice(full)
        try:
            sell(product, dice.randint(1, min(3, product.stock)))
        except CannotSell:
            return  # somebody on the page was quicker
