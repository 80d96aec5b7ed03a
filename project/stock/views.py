"""The dashboard. Every form works without JavaScript; with it, nothing needs a reload."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from .models import Product
from .trade import CannotSell, sell


@never_cache
@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "stock/dashboard.html", {"products": Product.objects.select_related("owner")})


@never_cache
@login_required
@require_GET
def levels(request: HttpRequest) -> JsonResponse:
    """The stock of each product, by primary key."""
    return JsonResponse(dict(Product.objects.values_list("pk", "stock")))


@login_required
@require_POST
def sell_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the page, or a bare answer for a page that stays where it is."""
    product = get_object_or_404(Product, pk=pk)
    stays = request.headers.get("Accept") == "application/json"
    try:
        sell(product, seller=request.user)
    except CannotSell as error:
        if stays:
            return JsonResponse({"error": str(error)}, status=409)
        messages.error(request, str(error))
    return HttpResponse(status=204) if stays else redirect(product)
