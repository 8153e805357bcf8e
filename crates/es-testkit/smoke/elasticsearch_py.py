"""Connects elasticsearch-py to an es-testkit and walks through what clients rely on.

Run it with the command of the binary: `elasticsearch_py.py target/debug/es-testkit`. It needs what
`requirements.txt` lists.
"""

import base64
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from elastic_transport import NodeConfig, SniffingError
from elasticsearch import Elasticsearch, NotFoundError, helpers


@contextmanager
def cluster(*options):
    """Runs three nodes and yields how to connect to them."""
    command = [sys.argv[1], "--nodes", "3", "--exit-on-eof", *options]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield dict(server.stdout.readline().strip().split("=", 1) for _ in range(5))
    finally:
        server.stdin.close()
        server.wait(10)


def trusted(settings):
    """Options of a client that trusts the cluster's certificates."""
    return {
        "ssl_assert_fingerprint": settings["ES_FINGERPRINT"],
        "verify_certs": False,
        "ssl_show_warn": False,
    }


def nodes_of(client):
    return {node.base_url for node in client.transport.node_pool.all()}


def sniffs_without_security():
    with cluster() as settings:
        urls = settings["ES_URL"].split(",")
        client = Elasticsearch(urls[0], sniff_on_start=True)
        assert nodes_of(client) == set(urls), nodes_of(client)
        assert client.info()["version"]["number"] == "9.2.0"


def sniffs_with_credentials_of_the_node():
    """elasticsearch-py sniffs without the client's `basic_auth` (elastic/elasticsearch-py#2005), so
    that a secured cluster refuses it, as a genuine one does; headers of a node it does send."""
    with cluster("--tls") as settings:
        urls = settings["ES_URL"].split(",")
        user, password = settings["ES_USER"], settings["ES_PASSWORD"]
        try:
            Elasticsearch(
                urls[0], basic_auth=(user, password), sniff_on_start=True, **trusted(settings)
            )
            raise AssertionError("a request without credentials is refused")
        except SniffingError:
            pass
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        seed = urlsplit(urls[0])
        node = NodeConfig(
            seed.scheme, seed.hostname, seed.port, headers={"authorization": f"Basic {token}"}
        )
        client = Elasticsearch([node], sniff_on_start=True, **trusted(settings))
        assert nodes_of(client) == set(urls), nodes_of(client)
        assert client.info()["version"]["number"] == "9.2.0"


def writes_and_reads():
    with cluster("--tls") as settings:
        client = Elasticsearch(
            settings["ES_URL"].split(","),
            basic_auth=(settings["ES_USER"], settings["ES_PASSWORD"]),
            **trusted(settings),
        )
        # The product check passes, or this raises.
        assert client.info()["version"]["number"] == "9.2.0"

        client.indices.create(index="py", mappings={"properties": {"n": {"type": "integer"}}})
        documents = ({"_index": "py", "_id": str(n), "n": n, "t": f"word{n % 7}"} for n in range(2500))
        written, failed = helpers.bulk(client, documents, chunk_size=500)
        assert (written, failed) == (2500, [])
        client.indices.refresh(index="py")
        assert client.count(index="py")["count"] == 2500

        read = {hit["_id"] for hit in helpers.scan(client, index="py", size=300)}
        assert len(read) == 2500
        found = client.search(
            index="py",
            query={"match": {"t": "word3"}},
            aggs={"top": {"terms": {"field": "t.keyword"}}},
        )
        assert found["hits"]["total"]["value"] == 357
        assert found["aggregations"]["top"]["buckets"][0]["key"] == "word3"
        assert client.get(index="py", id="7")["_source"]["n"] == 7
        try:
            client.get(index="py", id="none")
            raise AssertionError("a missing document is an error")
        except NotFoundError:
            pass


for test in (sniffs_without_security, sniffs_with_credentials_of_the_node, writes_and_reads):
    test()
    print(f"elasticsearch-py: {test.__name__}")
