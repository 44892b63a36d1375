#!/bin/sh
# The same load against each server named, one after the other, twice: A B A B.
set -eu

for round in 1 2; do
  for server in "$@"; do
    echo "== $server, round $round"
    memtier_benchmark --server="$server" --port=11211 --protocol=memcache_text \
      --threads=2 --clients=25 --pipeline=16 --data-size=100 --ratio=1:9 \
      --key-maximum=100000 --test-time=10 --hide-histogram
  done
done
