"""Listings by the thousand."""


def test_the_admin_fills_the_shelves_and_empties_them(rest_shop):
    """So many as are asked for, whatever was there; nobody else may; what others sell stays."""
    admin, person = rest_shop.admin(), rest_shop.person()
    mine = person.do("create_listing", title="Shelf item of mine", price="5")["id"]
    before = person.do("search", q="shelf item")["total"]
    headers = {"authorization": admin.client.headers.get("authorization", "")}

    def seed(who, rows):
        return who.client.post("/api/admin/seed", json={"rows": rows}, headers=headers if who is admin else {})

    assert seed(person, 5).status_code == 403
    assert seed(admin, 30).json() == {"rows": 30}
    assert person.do("search", q="shelf item")["total"] == before + 30
    assert seed(admin, 7).json() == {"rows": 7}
    assert person.do("search", q="shelf item")["total"] == before + 7
    assert seed(admin, -1).status_code == 422
    assert seed(admin, 0).json() == {"rows": 0}
    assert [item["id"] for item in person.do("search", q="shelf item of mine")["items"]] == [mine]
