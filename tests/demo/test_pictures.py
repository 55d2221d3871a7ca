"""Photos of listings, and the pages that show them."""

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60


class TestPhotos:
    """Photos of listings."""

    def upload(self, person, listing, content, name="photo"):
        """The answer to an upload."""
        return person.client.post(f"/api/listings/{listing}/photos", files={name: ("a.gif", content, "image/gif")})

    def test_a_photo_is_shown_and_removed(self, person, mine):
        """What was uploaded is served as what it is, whatever its name said, and may be kept for ever."""
        made = self.upload(person, mine, PNG)
        assert made.status_code == 201
        photo = person.do("get_listing", id=mine)["photos"][0]
        assert photo == made.json()
        served = person.client.get(photo["url"])
        assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
        assert "immutable" in served.headers["cache-control"]
        assert person.do("delete_photo", listing_id=mine, id=photo["id"]).status == 204
        assert person.do("delete_photo", listing_id=mine, id=photo["id"]).status == 404
        assert person.client.get(photo["url"]).status_code == 404

    def test_all_dialects_take_photos(self, shop, seller, listing):
        """The cookie dialect has its own route; GraphQL's token works on the bearer one."""
        prefix = "/cookie" if shop.dialect == "cookie" else "/api"
        headers = {"X-CSRF-Token": seller.client.cookies.get("csrf_token", "")}
        made = seller.client.post(f"{prefix}/listings/{listing}/photos", files={"photo": PNG}, headers=headers)
        assert made.status_code == 201
        assert seller.do("get_listing", id=listing)["photos"][0]["id"] == made.json()["id"]
        assert seller.do("delete_photo", listing_id=listing, id=made.json()["id"]).ok

    @pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0more", b"RIFF\0\0\0\0WEBPVP8 "])
    def test_jpeg_and_webp_are_photos(self, person, mine, content):
        """The usual kinds are taken."""
        assert self.upload(person, mine, content).status_code == 201

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"<svg onload=alert(1)>", 415), (b"", 415), (PNG + b"\0" * 2**21, 413), (PNG + b"\0" * 3_000_000, 413)],
    )
    def test_other_files_are_refused(self, person, mine, content, status):
        """Type and size are checked."""
        assert self.upload(person, mine, content).status_code == status

    def test_forms_are_checked(self, person, mine):
        """A form without the field, a text in it, no form, or a broken one: each is told why."""
        path = f"/api/listings/{mine}/photos"
        assert self.upload(person, mine, PNG, "picture").status_code == 422
        assert person.client.post(path, files={"x": PNG}, data={"photo": "text"}).status_code == 422
        assert person.client.post(path, json={}).status_code == 415
        assert (
            person.client.post(path, content=b"nonsense", headers={"content-type": "multipart/form-data"}).status_code
            == 400
        )
        assert person.client.post(
            path, content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data; boundary=x"}
        ).status_code in {400, 422}

    def test_a_listing_has_room_for_eight(self, person, mine):
        """The ninth photo is refused."""
        assert [self.upload(person, mine, PNG).status_code for _ in range(9)] == [201] * 8 + [409]


class TestPages:
    """Pages for people."""

    def test_the_home_page_shows_and_finds(self, person, mine):
        """New listings, search, paging, the build, and nothing unescaped."""
        page = person.client.get("/", params={"q": 'lamp "more"'})
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert '<meta name="build" content="test-7">' in page.text
        assert "Desk &lt;lamp&gt; &amp; &#34;more&#34;" in page.text
        assert f'href="/listings/{mine}"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "Nothing found" in person.client.get("/?q=zzzz").text
        assert person.client.get("/?page=x").status_code == 422

    def test_pages_can_be_turned(self, person):
        """Older and newer listings are a link away."""
        for number in range(25):
            person.do("create_listing", title=f"turnpage {number}", price=1)
        first, second = person.client.get("/?q=turnpage").text, person.client.get("/?q=turnpage&page=2").text
        assert '<a rel="next" href="?q=turnpage&amp;page=2">' in first
        assert '<a rel="prev" href="?q=turnpage&amp;page=1">' in second

    def test_a_listing_has_a_page(self, person, mine):
        """Title, price, seller and photo; a missing one is a page too."""
        person.client.post(f"/api/listings/{mine}/photos", files={"photo": PNG})
        page = person.client.get(f"/listings/{mine}").text
        assert all(words in page for words in ("$25.00", "Offered by Ada", '<img src="/photos/pic_'))
        assert '<img src="/photos/pic_' in person.client.get("/").text
        missing = person.client.get("/listings/999999", headers={"accept": "text/html"})
        assert (missing.status_code, "There is no such listing." in missing.text) == (404, True)
        assert person.client.get(f"/listings/{2**70}").status_code == 404
        assert "There is nothing here." in person.client.get("/nowhere", headers={"accept": "text/html"}).text
        assert person.client.get("/nowhere", headers={"accept": "application/json"}).json()["status"] == 404

    @pytest.mark.parametrize(("name", "kind"), [("site.css", "text/css"), ("icon.svg", "image/svg+xml")])
    def test_pages_have_style(self, person, name, kind):
        """Style sheet and icon are served, and may be cached."""
        served = person.client.get(f"/static/{name}")
        assert served.headers["content-type"].startswith(kind)
        assert "max-age" in served.headers["cache-control"]
