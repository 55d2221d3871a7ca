"""Makes what the shop's API cannot: a member of staff, a country, a partner and a product class."""

import os

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - models exist after setup
from oscar.core.loading import get_model  # noqa: E402

email = os.environ["OSCAR_ADMIN_EMAIL"]
get_user_model().objects.create_superuser(username=email, email=email, password=os.environ["OSCAR_ADMIN_PASSWORD"])
get_model("address", "Country").objects.create(
    iso_3166_1_a2="NL", printable_name="Netherlands", name="Netherlands", is_shipping_country=True
)
get_model("partner", "Partner").objects.create(code="main", name="Main warehouse")
get_model("catalogue", "ProductClass").objects.create(slug="goods", name="Goods")
