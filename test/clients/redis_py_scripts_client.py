"""redis-py's locks, scripts, functions and streams. Given HOST:PORT; prints a line for each check that it made."""
import sys
import threading
import time

import redis
from redis.lock import Lock

host, port = sys.argv[1].split(":")


def connect(**options):
    return redis.Redis(host=host, port=int(port), **options)


cache = connect()


def check(name, actual, expected):
    if actual != expected:
        sys.exit(f"{name}: {actual!r}, expected {expected!r}")
    print(f"ok {name}")


def refusal(call):
    try:
        return call()
    except redis.RedisError as error:
        return type(error).__name__


cache.flushall()

# Locks
lock = cache.lock("lock", timeout=10, blocking_timeout=0.1)
check("a lock is taken", lock.acquire(), True)
check("and nobody else takes it", Lock(connect(), "lock", timeout=10, blocking=False).acquire(), False)
check("it is extended", lock.extend(100), True)
check("by its time to live", 100_000 < cache.pttl("lock") <= 110_000, True)
check("it is renewed", [lock.reacquire(), cache.pttl("lock") <= 10_000], [True, True])
check("it is owned", lock.owned(), True)
cache.set("lock", "of another")
check("what is lost is not released", refusal(lock.release), "LockNotOwnedError")
cache.delete("lock")

total = 0


def contend():
    global total
    own = connect()
    for _ in range(20):
        with own.lock("shared", timeout=30, sleep=0.002):
            read = total
            own.ping()
            total = read + 1
    own.close()


threads = [threading.Thread(target=contend) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
check("six threads, one lock", total, 120)

# Scripts
multiply = cache.register_script("return redis.call('GET', KEYS[1]) * ARGV[1]")
cache.set("n", 6)
check("a script", multiply(keys=["n"], args=[7]), 42)
cache.script_flush()
check("a script that is forgotten", multiply(keys=["n"], args=[2]), 12)
with cache.pipeline() as pipe:
    pipe.incr("n")
    multiply(keys=["n"], args=[10], client=pipe)
    check("a script in a transaction", pipe.execute(), [7, 70])
check("scripts that there are", cache.script_exists(multiply.sha, "0" * 40), [True, False])
check("an unknown script", refusal(lambda: cache.evalsha("0" * 40, 0)), "NoScriptError")
check("a wrong script", refusal(lambda: cache.eval("return redis.call('incr', 'lock', 1)", 0)), "ResponseError")
check("nested replies", cache.eval("return {1, {2, 'x', {false, 3.7}}}", 0), [1, [2, b"x", [None, 3]]])
check("bytes", cache.eval("return ARGV[1]:rep(3)", 0, b"\x00\xff\r\n"), b"\x00\xff\r\n" * 3)
check("a read-only script", cache.execute_command("EVAL_RO", "return redis.call('get', KEYS[1])", 1, "n"), b"7")

# Functions
library = """#!lua name=accounts
local function total(keys, args)
  local sum = 0
  for _, key in ipairs(keys) do sum = sum + (redis.call('GET', key) or 0) end
  return sum
end
redis.register_function('deposit', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
redis.register_function{function_name = 'total', callback = total, flags = {'no-writes'}}
"""
check("a library", cache.function_load(library, replace=True), b"accounts")
check("a function", [cache.fcall("deposit", 1, "ann", 5), cache.fcall("deposit", 1, "bob", 6)], [5, 6])
check("a read-only function", cache.fcall_ro("total", 2, "ann", "bob"), 11)
check("one that writes", refusal(lambda: cache.fcall_ro("deposit", 1, "ann", 5)), "ResponseError")
check("libraries are listed", cache.function_list()[0][1], b"accounts")
check("a library goes", bool(cache.function_delete("accounts")), True)

# Streams
first = cache.xadd("events", {"kind": "login", "user": "ann"})
for number in range(99):
    cache.xadd("events", {"n": number}, maxlen=50, approximate=False)
check("a trimmed stream", cache.xlen("events"), 50)
last = cache.xrevrange("events", count=1)[0]
check("its last entry", last[1], {b"n": b"98"})


def add_late():
    time.sleep(0.05)
    cache.xadd("events", {"n": "late"})


adder = threading.Thread(target=add_late)
adder.start()
check("a read that waits", connect().xread({"events": "$"}, block=30_000)[0][1][0][1], {b"n": b"late"})
adder.join()
cache.xgroup_create("events", "workers", id="0")
taken = cache.xreadgroup("workers", "one", {"events": ">"}, count=10)[0][1]
check("a group", len(taken), 10)
check("what is acknowledged", cache.xack("events", "workers", *[entry for entry, _ in taken[:6]]), 6)
check("what is pending", cache.xpending("events", "workers")["pending"], 4)
claimed = cache.xautoclaim("events", "workers", "two", min_idle_time=0, count=10)
check("what another takes over", [entry for entry, _ in claimed[1]], [entry for entry, _ in taken[6:]])
