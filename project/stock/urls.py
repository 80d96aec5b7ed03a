from django.urls import path

from . import login, views

app_name = "stock"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("levels.json", views.levels, name="levels"),
    path("products/<int:pk>/sell", views.sell_one, name="sell"),
    path("welcome", login.welcome, name="welcome"),
    path("demo/login/<str:uid>/<str:token>/", login.log_in, name="login"),
]
