"""killed.py INDEX COUNT ids|none FLUSH_BYTES CONCURRENCY: writes numbered documents
with `parallel_bulk` of elasticsearch-py to the cluster of the environment. Prints
`written N` or `failed N` for each document that it knows the outcome of, and its peak
memory in KiB in the end.
"""

import os
import re
import sys
from pathlib import Path

from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

# So that the bytes alone decide when a request goes.
ANY_NUMBER = 1_000_000_000


def actions(index, count, with_ids):
    for number in range(count):
        text = f"trail shoes {number % 97} " * 20
        action = {"_index": index, "_source": {"number": number, "text": text}}
        if with_ids:
            action["_id"] = str(number)
        yield action


def main():
    index, count, ids, flush_bytes, concurrency = sys.argv[1:]
    client = Elasticsearch(
        os.environ["ES_URLS"].split(","),
        ca_certs=os.environ["ES_CA"],
        basic_auth=(os.environ["ES_USER"], os.environ["ES_PASSWORD"]),
    )
    outcomes = parallel_bulk(
        client,
        actions(index, int(count), ids == "ids"),
        thread_count=int(concurrency),
        chunk_size=ANY_NUMBER,
        max_chunk_bytes=int(flush_bytes),
        raise_on_error=False,
        raise_on_exception=False,
    )
    try:
        # They come in the order of the input.
        for number, (succeeded, _) in enumerate(outcomes):
            print("written" if succeeded else "failed", number)
    except Exception as error:
        print(f"the helper ended: {error!r}", file=sys.stderr)
    status = Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\s*(\d+) kB", status)[1], flush=True)
    client.close()


main()
