"""redis-py, unmodified. Given HOST:PORT; prints a line for each check that it made."""
import sys
import threading
import time

import redis

host, port = sys.argv[1].split(":")
cache = redis.StrictRedis(host=host, port=int(port), db=0)


def check(name, actual, expected):
    if actual != expected:
        sys.exit(f"{name}: {actual!r}, expected {expected!r}")
    print(f"ok {name}")


cache.flushall()
cache.set("key", "value")
check("set and get", cache.get("key"), b"value")

DETAILS = {"name": "lamp", "price": "10"}


def get_product(product_id):
    product = cache.hgetall(f"product:{product_id}")
    if not product:
        product = DETAILS
        cache.hset(f"product:{product_id}", mapping=product)
    return product


check("a miss is filled", get_product(1), DETAILS)
check("a hit is a hash", get_product(1), {b"name": b"lamp", b"price": b"10"})


def get_page_views(page_id):
    return int(cache.get(f"page_views:{page_id}") or 0)


check("no page views yet", get_page_views(7), 0)
for _ in range(3):
    cache.incr("page_views:7")
check("page views", get_page_views(7), 3)

cache.zadd("game_leaderboard", {"player1": 1000})
cache.zincrby("game_leaderboard", 500, "player1")
check("leaderboard", cache.zrevrange("game_leaderboard", 0, 9, withscores=True), [(b"player1", 1500.0)])

with cache.pipeline() as pipe:
    pipe.set("a", 1).incr("a").lpush("l", 1, 2, 3).lrange("l", 0, -1)
    check("a transaction", pipe.execute(), [True, 2, 3, [b"3", b"2", b"1"]])

with cache.pipeline() as pipe:
    pipe.watch("a")
    cache.set("a", 10)
    pipe.multi()
    pipe.set("a", 11)
    try:
        pipe.execute()
        check("a changed watch", "executed", "refused")
    except redis.WatchError:
        check("a changed watch", "refused", "refused")

pubsub = cache.pubsub()
pubsub.subscribe("channel")
check("subscribed", pubsub.get_message(timeout=10)["type"], "subscribe")
check("receivers", cache.publish("channel", "hello"), 1)
check("a message", pubsub.get_message(timeout=10)["data"], b"hello")
pubsub.close()


def push():
    time.sleep(0.05)
    cache.rpush("queue", "job")


pusher = threading.Thread(target=push)
pusher.start()
check("a blocking pop", cache.blpop("queue", timeout=30), (b"queue", b"job"))
pusher.join()

pipe = cache.pipeline(transaction=False)
for number in range(10000):
    pipe.set(f"many:{number}", number)
check("a long pipeline", len(pipe.execute()), 10000)
check("scan_iter", len(set(cache.scan_iter("many:*", count=500))), 10000)
cache.sadd("s", *range(1000))
check("sscan_iter", len(set(cache.sscan_iter("s", count=50))), 1000)
check("large values", cache.set("large", b"x" * 5_000_000) and len(cache.get("large")), 5_000_000)
check("bits", [cache.setbit("bits", 7, 1), cache.bitcount("bits"), cache.get("bits")], [0, 1, b"\x01"])
check("object encoding", cache.object("encoding", "key"), b"embstr")
check("info", cache.info()["redis_version"].count("."), 2)
check("client name", [cache.client_setname("me"), cache.client_getname()], [True, "me"])
