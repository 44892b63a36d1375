"""pymemcache's client for ElastiCache, unmodified, against a cluster that changes under it.

Arguments: host and port of the configuration endpoint. Each line of standard input is a number of nodes:
the client discovers until it has as many, works with them, and answers with their ports on one line.

Its reconfigure_nodes() finds nodes that have come, but goes on hashing keys to those that have gone; an
application that wants to be rid of them makes a new client, and so do we.
"""

import sys
import time

from pymemcache.client.ext.aws_ec_client import AWSElastiCacheHashClient

DISCOVER_SECONDS_MAX = 20

host, port = sys.argv[1:3]

def discover():
    return AWSElastiCacheHashClient(f"{host}:{port}", default_noreply=False)


client = discover()
for line in sys.stdin:
    wanted = int(line)
    deadline = time.monotonic() + DISCOVER_SECONDS_MAX
    while len(client.clients) != wanted:
        assert time.monotonic() < deadline, f"{len(client.clients)} nodes, not {wanted}"
        time.sleep(0.02)
        if len(client.clients) < wanted:
            client.reconfigure_nodes()
        else:
            client = discover()
    for number in range(100):
        assert client.set(f"py-{wanted}-{number}", f"{number}")
    for number in range(100):
        assert client.get(f"py-{wanted}-{number}") == f"{number}".encode()
    ports = sorted(int(each.server[1]) for each in client.clients.values())
    print(" ".join(str(each) for each in ports), flush=True)
