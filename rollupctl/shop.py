"""Sample events of web shops, for the examples: page views, carts, orders and refunds."""

from __future__ import annotations

from collections.abc import Callable

COLUMNS = (
    "customer_id,event_type,country,browser,device_id,session_id,"
    "user_id,path,source,campaign,product_id,category,quantity,amount,currency,value,status,"
    "properties"
)
BROWSERS = ("chrome", "firefox", "safari", "opera")
# Country, its currency, and the price of one dollar in whole units.
MARKETS = (
    ("United States", "USD", 1),
    ("United Kingdom", "GBP", 1),
    ("India", "INR", 80),
    ("France", "EUR", 1),
    ("Germany", "EUR", 1),
    ("China", "CNY", 7),
    ("", "USD", 1),  # unknown country
)
# Source and campaign. Most visitors have neither.
CHANNELS = (
    ("", ""), ("", ""), ("", ""), ("google", ""), ("google", "brand"), ("google", "autumn sale"),
    ("newsletter", "autumn sale"), ("newsletter", "welcome"), ("facebook", "autumn sale"),
)  # fmt: skip
CATEGORIES = ("shoes", "shirts", "hats", "bags", "")
PRODUCTS = 200
DEVICES = 10_000
LATE = 0.02  # of the events are recorded offline and arrive up to a day late


def seconds_late(draw: Callable[[], float]) -> int:
    """How long before its arrival an event took place: usually 0 seconds."""
    return int(draw() * 86_400) if draw() < LATE else 0


def row(draw: Callable[[], float], customers: int) -> str:
    """One line of CSV: an event of one of the shops 1 to `customers`.

    Of a hundred events 84 are views, 8 carts, 7 orders (of which one in twenty fails) and 1 is a
    refund, whose amount and quantity are below zero. A device belongs to one person in one
    country, who is not always logged in. Low products and devices are far more frequent than high
    ones; the price of a product is the same in all shops.
    """
    kind, device, product = draw(), _skewed(draw, DEVICES), _skewed(draw, PRODUCTS)
    country, currency, rate = MARKETS[device % len(MARKETS)]
    source, campaign = CHANNELS[int(draw() * len(CHANNELS))]
    known = draw() < (0.4 if kind < 0.84 else 0.9)
    start = (
        f"{int(draw() * customers) + 1},{_event_type(kind)},{country},"
        f"{BROWSERS[device % 4]},{device},{device * 10 + int(draw() * 10)},"
        f"{f'u{device}' if known else ''},"
    )
    channel = f"{source},{campaign}"
    bought = f"p{product},{CATEGORIES[product % 5]}"
    if kind < 0.84:
        return f"{start}{_view(draw, channel, product, bought)}\n"
    quantity = int(draw() * draw() * 4) + 1
    if kind < 0.92:
        return f"{start}/cart,{channel},{bought},{quantity},,,,,\n"
    cents = (499 + product * 7919 % 20_000) * rate * quantity
    money = f"{cents // 100}.{cents % 100:02d},{currency},"
    number = int(draw() * 1_000_000)
    if kind < 0.99:
        status = "failed" if draw() < 0.05 else "paid"
        coupon = ', ""coupon"": ""AUTUMN""' if draw() < 0.2 else ""
        properties = f'"{{""order"": {number}{coupon}}}"'
        return f"{start}/checkout,{channel},{bought},{quantity},{money},{status},{properties}\n"
    return f'{start},,,{bought},-{quantity},-{money},done,"{{""order"": {number}}}"\n'


def _skewed(draw: Callable[[], float], number: int) -> int:
    """From 1 to `number`; at or below x with probability (x / number) ** (1/3)."""
    drawn = draw()
    return int(drawn * drawn * drawn * number) + 1


def _event_type(kind: float) -> str:
    if kind < 0.84:
        return "view"
    if kind < 0.92:
        return "cart"
    return "order" if kind < 0.99 else "refund"


def _view(draw: Callable[[], float], channel: str, product: int, bought: str) -> str:
    """A view from its path on; value is the seconds that the page stayed open."""
    tenths = int(draw() * draw() * 3000)
    spent = f"{tenths // 10}.{tenths % 10}"
    page = draw()
    if page < 0.5:
        return f"/product/p{product},{channel},{bought},,,,{spent},,"
    if page < 0.6:
        sought = CATEGORIES[product % 5] or "gift"
        return f'/search,{channel},,,,,,{spent},,"{{""query"": ""{sought}""}}"'
    path = "/" if page < 0.85 else f"/category/{CATEGORIES[product % 4]}"
    return f"{path},{channel},,,,,,{spent},,"
