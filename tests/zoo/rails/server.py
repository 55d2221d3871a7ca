"""A second-hand shop of pages and forms: cookie session, hidden authenticity token, redirects as answers."""

from __future__ import annotations

import html
import itertools
import secrets

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[int, dict] = {}
SESSIONS: dict[str, dict] = {}
ADS: dict[int, dict] = {}
ORDERS: dict[int, dict] = {}
ADDRESSES: dict[int, dict] = {}
NUMBERS = itertools.count(70001)
FAILED = Counter(5)
RESETS = Counter(4)


def page(title: str, inside: str, session: dict | None = None) -> str:
    flash = session.pop("flash", "") if session else ""
    token = session["csrf"] if session else ""
    note = f'<div class="flash">{html.escape(flash)}</div>' if flash else ""
    return (
        f'<!doctype html><html><head><title>{html.escape(title)}</title><meta name="csrf-token" content="{token}">'
        f"</head><body>{note}<main>{inside}</main></body></html>"
    )


def field(session: dict) -> str:
    return f'<input type="hidden" name="authenticity_token" value="{session["csrf"]}">'


def session_of(ask: Ask) -> dict:
    sid = ask.cookies.get("_shop_session", "")
    if sid not in SESSIONS:
        sid = secrets.token_urlsafe(18)
        SESSIONS[sid] = {"csrf": secrets.token_urlsafe(18)}
        ask.notes["new"] = sid
    return SESSIONS[sid]


def with_cookie(ask: Ask, status: int, body: Reply, headers: dict[str, str]) -> Reply:
    if "new" in ask.notes:
        headers["Set-Cookie"] = f"_shop_session={ask.notes['new']}; Path=/; HttpOnly; SameSite=Lax"
    return status, body, headers


def go(ask: Ask, where: str, flash: str = "") -> Reply:
    session_of(ask)["flash"] = flash
    return 302, f'<html><body>You are being <a href="{where}">redirected</a>.</body></html>', {"Location": where}


def sign_in_first(ask: Ask) -> dict:
    user = USERS.get(session_of(ask).get("user", 0))
    if not user:
        raise Stop(*go(ask, "/login", "You need to sign in before continuing."))
    return user


def posted(ask: Ask) -> dict[str, str]:
    form = ask.form
    if form.get("authenticity_token") != session_of(ask)["csrf"]:
        raise Stop(422, page("Change rejected", "<h1>The change you wanted was rejected.</h1>"))
    return form


def absent() -> Stop:
    return Stop(404, "<!doctype html><html><body><h1>The page you were looking for doesn't exist.</h1></body></html>")


def need(form: dict[str, str], name: str) -> str:
    value = form.get(name, "").strip()
    if not value or len(value) > 300:
        raise Stop(422, page("Please review", f"<p>{html.escape(name)} can't be blank or longer than 300</p>"))
    return value


@app.on("GET /")
def home(ask: Ask) -> Reply:
    words = ask.query.get("q", "").lower()
    number = ask.query.get("page", "1")
    if not number.isdecimal():
        if hole("debug-page"):
            raise TypeError("comparison of Integer with String failed")
        number = "1"
    found = [ad for ad in ADS.values() if words in ad["title"].lower()][-25:]
    rows = "".join(
        f'<li class="ad"><a href="/ads/{ad["id"]}">{html.escape(ad["title"])}</a> <b>{ad["price"]}</b></li>'
        for ad in found
    )
    return page("Ads", f"<ul>{rows}</ul>", session_of(ask))


@app.on("GET /register", "GET /login", "GET /password/new")
def forms(ask: Ask) -> Reply:
    session = session_of(ask)
    return page("Welcome", f'<form method="post">{field(session)}<input name="email"></form>', session)


@app.on("POST /register")
def register(ask: Ask) -> Reply:
    form = posted(ask)
    email = need(form, "user[email]").lower()
    if any(user["email"] == email for user in USERS.values()):
        return page("Welcome", "<p>Email has already been taken</p>")
    user = {"id": next(NUMBERS), "email": email, "password": need(form, "user[password]"), "admin": False}
    user["name"] = need(form, "user[name]")
    USERS[user["id"]] = user
    return go(ask, "/login", "Welcome!")


@app.on("POST /login")
def login(ask: Ask) -> Reply:
    form = posted(ask)
    email = need(form, "email").lower()
    key = email
    if hole("forwarded-for"):
        key = ask.headers.get("x-forwarded-for", ask.peer)
    if not hole("no-login-limit") and FAILED.full(key):
        return page("Sign in", "<p class='error'>Your account is locked for a while. Too many attempts.</p>")
    user = next((user for user in USERS.values() if user["email"] == email), None)
    if not user or user["password"] != form.get("password"):
        FAILED.add(key)
        return page("Sign in", f"<p class='error'>Wrong e-mail or password.</p>{field(session_of(ask))}")
    sid = secrets.token_urlsafe(18)
    SESSIONS[sid] = {"csrf": secrets.token_urlsafe(18), "user": user["id"]}
    ask.notes["new"] = sid
    return 302, "", {"Location": "/account"}


@app.on("POST /logout")
def logout(ask: Ask) -> Reply:
    posted(ask)
    if not hole("logout-keeps"):
        SESSIONS.pop(ask.cookies.get("_shop_session", ""), None)
    ask.notes["new"] = secrets.token_urlsafe(18)
    SESSIONS[ask.notes["new"]] = {"csrf": secrets.token_urlsafe(18)}
    return 302, "", {"Location": "/"}


@app.on("POST /password")
def reset(ask: Ask) -> Reply:
    email = need(posted(ask), "email").lower()
    if not hole("no-reset-limit"):
        if RESETS.full(email):
            return 429, page("Slow down", "<p>Please wait before you ask again.</p>"), {"Retry-After": "30"}
        RESETS.add(email)
    if hole("reset-tells") and not any(user["email"] == email for user in USERS.values()):
        return page("Forgot", "<p>We could not find that e-mail address.</p>")
    return go(ask, "/login", "If we know this address, a letter is on its way.")


@app.on("GET /account")
def account(ask: Ask) -> Reply:
    user = sign_in_first(ask)
    inside = f'<p data-id="{user["id"]}">{html.escape(user["email"])} {html.escape(user["name"])}</p>'
    staff = '<a href="/admin">Admin</a>' if user["admin"] else ""
    return page("Account", inside + staff + field(session_of(ask)), session_of(ask))


@app.on("POST /account")
def change_account(ask: Ask) -> Reply:
    user, form = sign_in_first(ask), posted(ask)
    user["name"] = need(form, "user[name]")
    if hole("profile-admin") and "user[admin]" in form:
        user["admin"] = form["user[admin]"] in ("1", "true", "True")
    return go(ask, "/account", "Saved.")


@app.on("GET /admin")
def admin(ask: Ask) -> Reply:
    if not sign_in_first(ask)["admin"] and not hole("admin-open"):
        return go(ask, "/", "You are not allowed to do that.")
    rows = "".join(f"<tr><td>{user['id']}</td><td>{html.escape(user['email'])}</td></tr>" for user in USERS.values())
    return page("Admin", f"<h1>All accounts</h1><table>{rows}</table>", session_of(ask))


@app.on("POST /ads")
def new_ad(ask: Ask) -> Reply:
    user, form = sign_in_first(ask), posted(ask)
    price = need(form, "ad[price]")
    try:
        amount = float(price)
    except ValueError:
        amount = 0.0
    if not 0 < amount < 1e7 and not (hole("negative-price") and amount < 0):
        return 422, page("New ad", "<p>Price must be greater than 0</p>")
    ad = {"id": next(NUMBERS), "user": user["id"], "title": need(form, "ad[title]"), "price": price}
    ADS[ad["id"]] = ad
    return 302, "", {"Location": f"/ads/{ad['id']}"}


def of(rows: dict[int, dict], number: str) -> dict:
    if not number.isdecimal() or int(number) not in rows:
        raise absent()
    return rows[int(number)]


@app.on("GET /ads/{number}")
def ad_page(ask: Ask, number: str) -> Reply:
    ad = of(ADS, number)
    inside = f'<h1>{html.escape(ad["title"])}</h1><span class="price">{ad["price"]}</span>'
    return page(ad["title"], inside, session_of(ask))


@app.on("POST /ads/{number}")
def change_ad(ask: Ask, number: str) -> Reply:
    user, form, ad = sign_in_first(ask), posted(ask), of(ADS, number)
    if ad["user"] != user["id"]:
        return go(ask, "/", "You are not allowed to do that.")
    if form.get("_method") == "delete":
        del ADS[ad["id"]]
        return go(ask, "/", "Gone.")
    ad["title"] = need(form, "ad[title]")
    return go(ask, f"/ads/{number}", "Saved.")


@app.on("POST /orders")
def buy(ask: Ask) -> Reply:
    user, form = sign_in_first(ask), posted(ask)
    ad = of(ADS, form.get("ad_id", ""))
    order = {"id": next(NUMBERS), "user": user["id"], "ad": ad, "to": need(form, "address")}
    ORDERS[order["id"]] = order
    return 302, "", {"Location": f"/orders/{order['id']}"}


@app.on("GET /orders")
def my_orders(ask: Ask) -> Reply:
    user = sign_in_first(ask)
    rows = [order for order in ORDERS.values() if order["user"] == user["id"]]
    inside = "".join(f'<li><a href="/orders/{order["id"]}">Order {order["id"]}</a></li>' for order in rows)
    return page("My orders", f"<ul>{inside}</ul>", session_of(ask))


@app.on("GET /orders/{number}")
def order_page(ask: Ask, number: str) -> Reply:
    user, order = sign_in_first(ask), of(ORDERS, number)
    if order["user"] != user["id"] and not hole("order-page"):
        raise absent()
    inside = f'<h1>Order {number}</h1><p>{html.escape(order["to"])}</p><b class="total">{order["ad"]["price"]}</b>'
    return page("Order", inside, session_of(ask))


@app.on("POST /addresses")
def new_address(ask: Ask) -> Reply:
    user, form = sign_in_first(ask), posted(ask)
    row = {"id": next(NUMBERS), "user": user["id"], "street": need(form, "address[street]")}
    ADDRESSES[row["id"]] = row
    return 302, "", {"Location": f"/addresses/{row['id']}/edit"}


@app.on("GET /addresses/{number}/edit", "POST /addresses/{number}")
def address(ask: Ask, number: str) -> Reply:
    user, row = sign_in_first(ask), of(ADDRESSES, number)
    form = posted(ask) if ask.method == "POST" else {}
    if row["user"] != user["id"]:
        opened = hole("address-delete" if form.get("_method") == "delete" else "address-form") and form
        if not opened:
            return go(ask, "/", "You are not allowed to do that.")
    if form.get("_method") == "delete":
        del ADDRESSES[row["id"]]
        return go(ask, "/account", "Address removed.")
    if form:
        row["street"] = need(form, "address[street]")
        return go(ask, "/account", "Address saved.")
    inside = f'<form>{field(session_of(ask))}<input name="address[street]" value="{html.escape(row["street"])}"></form>'
    return page("Address", inside, session_of(ask))


@app.on("GET /.env")
def dotenv(_ask: Ask) -> Reply:
    if hole("dotenv"):
        return (
            200,
            b"RAILS_ENV=production\nSECRET_KEY_BASE=7d1f0c2b9a4e\nDATABASE_URL=postgres://shop:hunter22@db/shop\n",
        )
    raise absent()


def broken(_ask: Ask, error: Exception) -> Reply:
    if hole("debug-page"):
        trace = (
            "app/controllers/ads_controller.rb:14:in `index'<br>actionpack (7.1.2) lib/action_controller/metal.rb:227"
        )
        return 500, f"<h1>{type(error).__name__} in AdsController#index</h1><pre>{error}</pre><code>{trace}</code>"
    return 500, "<!doctype html><html><body><h1>We're sorry, but something went wrong.</h1></body></html>"


app.broken, app.after = broken, with_cookie
app.nowhere = lambda ask: absent().reply
USERS[1] = {"id": 1, "email": "staff@rails.test", "password": "Staff-pass-12345", "admin": True, "name": "Staff"}

if __name__ == "__main__":
    run(app)
