"""Connects elasticsearch-py to an es-testkit and walks through what clients rely on.

Run it with the command of the binary: `smoke.py target/debug/es-testkit`. It needs the package
`elasticsearch` of version 9.
"""

import subprocess
import sys

from elasticsearch import Elasticsearch, NotFoundError, helpers


def main() -> None:
    command = [sys.argv[1], "--nodes", "3", "--tls"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        settings = dict(server.stdout.readline().strip().split("=", 1) for _ in range(5))
        client = Elasticsearch(
            settings["ES_URL"].split(","),
            basic_auth=(settings["ES_USER"], settings["ES_PASSWORD"]),
            ssl_assert_fingerprint=settings["ES_FINGERPRINT"],
            verify_certs=False,
            ssl_show_warn=False,
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
        print("elasticsearch-py: product check, bulk, scan, search")
    finally:
        server.stdin.close()
        server.wait(10)


main()
