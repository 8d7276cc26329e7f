"""The directory: everybody, page by page, found by the beginning of any of their names, at the same cost for many."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.models import DirectoryWord, User
from accounts.names import directory_words, search_words
from accounts.tests.people import log_in, make_person

pytestmark = pytest.mark.django_db
MANY = 3000


@pytest.fixture
def client():
    return log_in(make_person("alice", display_name="Alice Béranger"))


def fill(count: int = MANY) -> None:
    people = [User(name=f"p{n:05d}", display_name=f"Pérson Nº{n}", password="!") for n in range(count)]
    User.objects.bulk_create(people)
    DirectoryWord.objects.bulk_create(
        DirectoryWord(user=user, word=word)
        for user in people
        for word in directory_words(name=user.name, display_name=user.display_name)
    )


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [person["name"] for person in response.json()["people"]]


def test_the_pages_show_everybody_once_in_order(client):
    fill()
    seen, after = [], None
    while True:
        answer = client.get("/api/people/", {"limit": 100, **({"after": after} if after else {})})
        seen += names(answer)
        after = answer.json()["next"]
        if after is None:
            break
    assert len(seen) == MANY + 1
    assert seen == sorted(set(seen))


def test_a_page_costs_the_same_for_few_and_for_many(client):
    def cost(**query):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/api/people/", query)
        return len(queries)

    few = cost(), cost(q="per"), cost(q="per-n")
    fill()
    assert (cost(), cost(q="per"), cost(q="per-n")) == few


def _plan(people) -> str:
    """What the database means to do; PostgreSQL, which scans small tables by choice, is asked what it could do."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return people.explain().lower()


def test_pages_and_searches_walk_an_index():
    fill(500)
    for asked in ({"typed": "per"}, {"typed": "per-n"}, {"after": "p00100"}):
        plan = _plan(User.objects.directory(**asked)[:50])
        assert "index" in plan
        assert not re.search(r"seq scan|^\d+ \d+ \d+ scan (?!.*using index)", plan, re.MULTILINE)


@pytest.mark.parametrize("typed", ["ali", "ALI", "béra", "bera", "BÉRA", "alice b", "b alice", "alice"])
def test_people_are_found_by_the_beginning_of_any_word(client, typed):
    make_person("bob", app=False, display_name="Bob")
    assert names(client.get("/api/people/", {"q": typed})) == ["alice"]


@pytest.mark.parametrize("typed", ["lice", "eranger", "%", "_", "%ali%ce", "zzz", "alice zzz"])
def test_nothing_else_finds_them(client, typed):
    make_person("bob", app=False, display_name="Bob")
    assert "alice" not in names(client.get("/api/people/", {"q": typed})) or search_words(typed) == []


def test_a_name_with_signs_is_found_whole_and_in_parts(client):
    make_person("jo.al-ri", app=False)
    for typed in ("jo.al", "jo.al-ri", "ri"):
        assert "jo.al-ri" in names(client.get("/api/people/", {"q": typed}))


@pytest.mark.parametrize("typed", ["jean-luc", "jean-", "Jean-Luc P", "jean.luc", "o'br", "luc"])
def test_a_shown_name_with_signs_is_found_as_it_is_written(client, typed):
    make_person("jlp", app=False, display_name="Jean-Luc O'Brien Picard")
    assert names(client.get("/api/people/", {"q": typed})) == ["jlp"]


@pytest.mark.parametrize("typed", ["jean-pierre", "-ean", "jean-luc-marie"])
def test_a_sign_joins_no_other_words(client, typed):
    make_person("jlp", app=False, display_name="Jean-Luc Picard")
    assert names(client.get("/api/people/", {"q": typed})) == []


def test_a_name_of_nothing_but_signs_is_found(client):
    make_person(".-_", app=False, display_name="Sign")
    for typed, found in ((".-", [".-_"]), (".-_", [".-_"]), ("-.", [])):
        assert names(client.get("/api/people/", {"q": typed})) == found


def test_a_new_display_name_is_found_and_the_old_one_no_more(client):
    services.rename(user=User.objects.get(name="alice"), display_name="Zoë Ñandú")
    assert names(client.get("/api/people/", {"q": "nandu"})) == ["alice"]
    assert names(client.get("/api/people/", {"q": "beranger"})) == []


def test_an_entry_has_exactly_the_agreed_fields(client):
    alice = User.objects.get()
    services.set_bundle_version(uid=alice.uid, version=3)
    assert client.get("/api/people/").json() == {
        "people": [{"uid": alice.uid.hex, "name": "alice", "display_name": "Alice Béranger", "has_keys": True}],
        "next": None,
    }
    assert client.get("/api/me/").json() == {
        "uid": alice.uid.hex,
        "name": "alice",
        "display_name": "Alice Béranger",
        "bundle_version": 3,
        "staff": False,
        "language": "en",
    }
    services.set_bundle_version(uid=alice.uid, version=0)
    assert client.get("/api/me/").json()["bundle_version"] == 0


def test_deactivated_people_leave_the_directory_but_keep_their_name(client):
    bob = make_person("bob", app=False)
    services.set_active(user=bob, active=False)
    assert names(client.get("/api/people/")) == ["alice"]
    assert names(client.get("/api/people/by-uid/", {"uids": bob.uid.hex})) == ["bob"]


def test_people_are_read_by_uid(client):
    bob, carol = make_person("bob", app=False), make_person("carol", app=False)
    uids = f"{carol.uid.hex},{bob.uid.hex},{uuid.uuid4().hex}"
    assert names(client.get("/api/people/by-uid/", {"uids": uids})) == ["bob", "carol"]
    assert names(client.get("/api/people/by-uid/")) == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/people/", {"limit": "0"}),
        ("/api/people/", {"limit": "101"}),
        ("/api/people/", {"limit": "x"}),
        ("/api/people/", {"after": "!!"}),
        ("/api/people/", {"after": "_w"}),
        ("/api/people/", {"q": "x" * 65}),
        ("/api/people/", {"is_staff": "1"}),
        ("/api/people/by-uid/", {"uids": "x"}),
        ("/api/people/by-uid/", {"uids": ",".join([uuid.uuid4().hex] * 101)}),
        ("/api/people/by-uid/", {"uids": str(uuid.uuid4())}),
    ],
)
def test_it_refuses_queries_outside_the_contract(client, path, query):
    answer = client.get(path, query)
    assert answer.status_code == 400
    assert answer.json()["error"] == "BAD_REQUEST"
