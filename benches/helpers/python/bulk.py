"""bulk.py HELPER URL COUNT FLUSH_BYTES CONCURRENCY, the documents on standard
input: writes them with a bulk helper of elasticsearch-py, `streaming` or
`parallel`. Prints how many were written, the seconds it took and its peak memory.
"""

import json
import re
import sys
import time
from pathlib import Path

from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk, streaming_bulk

# So that the bytes alone decide when a request goes.
ANY_NUMBER = 1_000_000_000


def write(client, products, helper, count, flush_bytes, concurrency):
    """How many were written."""
    actions = (
        {"_index": "products", "_id": str(n), "_source": products[n % len(products)]}
        for n in range(count)
    )
    limits = {"chunk_size": ANY_NUMBER, "max_chunk_bytes": flush_bytes}
    if helper == "parallel":
        outcomes = parallel_bulk(client, actions, thread_count=concurrency, **limits)
    else:
        outcomes = streaming_bulk(client, actions, **limits)
    return sum(succeeded for succeeded, _ in outcomes)


def peak_kibibytes():
    """The most that was resident, from Linux's own account."""
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])


def main():
    helper, url, *numbers = sys.argv[1:]
    products = [json.loads(line) for line in sys.stdin]
    began = time.perf_counter()
    with Elasticsearch(url, basic_auth=("elastic", "changeme")) as client:
        written = write(client, products, helper, *map(int, numbers))
    print(written, time.perf_counter() - began, peak_kibibytes())


main()
