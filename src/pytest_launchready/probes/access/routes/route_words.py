"""Words of routes: who they are for, and what they do, in the spellings and languages that are met."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

ADMIN: Final = frozenset(
    {
        *("admin", "admins", "administrator", "administrators", "administration", "adm", "adminpanel", "administrador"),
        *(
            "administrateur",
            "amministrazione",
            "beheer",
            "verwaltung",
            "backoffice",
            "staff",
            "superuser",
            "superadmin",
        ),
        *("sysadmin", "moderator", "moderators", "moderation", "mod", "root", "sudo", "adminonly", "isadmin"),
    }
)
"""Words that say by themselves that a route is not for ordinary accounts."""
PERHAPS_ADMIN: Final = frozenset(
    {"internal", "manage", "manager", "management", "operator", "ops", "support", "audit", "impersonate", "dashboard"}
)
"""Words that may say so: sellers have managers and dashboards too."""
OPEN: Final = frozenset(
    {
        *("health", "healthz", "healthcheck", "ready", "readyz", "live", "livez", "liveness", "readiness", "ping"),
        *("status", "version", "info", "config", "configuration", "settings", "openapi", "swagger", "docs", "schema"),
        *("about", "terms", "privacy", "faq", "help", "contact", "time", "manifest", "robots", "sitemap", "static"),
        *("asset", "image", "photo", "picture", "media", "css", "js", "icon", "favicon", "public", "login", "signin"),
        *("home", "banner", "page", "content", "blog", "post", "news", "feature", "flag", "locale", "language"),
        *("translation", "i18n", "country", "countries", "region", "currency", "currencies", "city", "cities", "state"),
        *("category", "categorie", "categoria", "kategorie", "tag", "brand", "collection", "type", "filter", "facet"),
        *(
            "search",
            "comment",
            "question",
            "bid",
            "auction",
            "suche",
            "buscar",
            "recherche",
            "browse",
            "catalog",
            "catalogue",
            "discover",
            "featured",
            "popular",
        ),
        *("trending", "recent", "latest", "feed", "explore", "anyone", "guest", "review", "rating", "store", "shop"),
        *("product", "producto", "produto", "produit", "produkt", "prodotto", "item", "listing", "article", "articulo"),
        *(
            "artikel",
            "ad",
            "advert",
            "offer",
            "oferta",
            "service",
            "car",
            "trip",
            "event",
            "room",
            "property",
            "variant",
        ),
        *("book", "course", "shippingmethod", "shippingoption", "paymentmethod", "plan", "pricing", "price"),
    }
)
"""What shops show to everybody, and what says nothing about anybody; in the singular."""
HARMLESS: Final = frozenset(
    {
        "health",
        "healthz",
        "healthcheck",
        "ready",
        "live",
        "ping",
        "version",
        "login",
        "signin",
        "csrf",
        "assets",
        "status",
    }
)
"""What admin areas answer to everybody, so that they can be reached at all."""
OWN: Final = frozenset(
    {
        *("cart", "basket", "bag", "carrito", "warenkorb", "panier", "carrinho", "wishlist", "favorite", "favourite"),
        *("me", "self", "session", "whoami", "current", "preference", "notification", "token", "csrf", "visitor"),
    }
)
"""What everybody has of their own, guests too: likeness to what a person gets proves nothing there."""
ACTS: Final = frozenset(
    {
        *("logout", "signout", "logoff", "delete", "remove", "destroy", "revoke", "unsubscribe", "reset", "activate"),
        *("deactivate", "confirm", "callback", "oauth", "oauth2", "sso", "authorize", "cancel", "approve", "reject"),
        *("ban", "block", "disable", "enable", "clear", "flush", "purge", "reindex", "reload", "restart", "shutdown"),
        *("seed", "createdb", "initdb", "resetdb", "truncate", "migrate", "sse", "stream", "ws", "websocket", "socket"),
        *("subscribe", "run", "execute", "exec", "cron", "backup", "restore", "import", "sync", "send", "logs"),
    }
)
"""What changes something, or never ends, though it is asked for by GET."""
PEOPLE: Final = frozenset(
    {
        *("user", "account", "customer", "member", "people", "person", "profile", "buyer", "seller", "owner", "author"),
        *("usuario", "benutzer", "utilisateur", "cliente", "kunde", "client", "vendor", "merchant"),
    }
)
"""What people are called."""
IDS: Final = frozenset(
    {"id", "uuid", "guid", "pk", "no", "number", "num", "key", "slug", "code", "ref", "reference", "handle"}
)
KNOWN_BY_OWNER: Final = frozenset({"email", "mail", "phone", "zip", "postcode", "postal", "birthdate", "lastname"})
"""What shops ask for beside a number, so that guests can follow an order."""
SECRET: Final = frozenset({"token", "code", "secret", "hash", "signature", "sig", "key", "otp"})
"""Names of values that open something by themselves, where they cannot be guessed."""


def words(text: str) -> list[str]:
    """The words of a name or path, in lower case: of "/api/adminUsers/{user_id}" api, admin, users, user, id."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return [word.casefold() for word in re.split(r"[^A-Za-z0-9À-ÿ]+", parted) if word]


def singular(word: str) -> str:
    """A word without the ending of an English plural."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def segments(path: str) -> list[str]:
    """The fixed parts of a path."""
    plain = re.sub(r"\{\{.*?\}\}", "{}", path).partition("?")[0]
    return [part for part in plain.split("/") if part and "{" not in part]


def says(texts: Iterable[str], wanted: frozenset[str]) -> str | None:
    """The first word of these texts, taken apart or in one piece, that is among the wanted ones."""
    for text in texts:
        found = words(text)
        for word in (*found, "".join(found), *(f"{one}{two}" for one, two in pairwise(found))):
            if word in wanted or singular(word) in wanted:
                return word
    return None
