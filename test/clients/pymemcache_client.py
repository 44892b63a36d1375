"""The everyday work of pymemcache: python3 pymemcache_client.py HOST PORT [CA_FILE]

With the file of an authority, over TLS.

Each check prints its name; the first that fails ends the program with a traceback.
"""
import ssl
import sys
import threading

from pymemcache import serde
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheIllegalInputError,
    MemcacheServerError,
)

HOST, PORT = sys.argv[1], int(sys.argv[2])
ADDRESS = (HOST, PORT)
TLS = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None
THREAD_COUNT = 8
ROUND_COUNT = 200


def client(**options):
    return Client(ADDRESS, connect_timeout=10, timeout=10, tls_context=TLS, **options)


def equal(got, wanted):
    assert got == wanted, f'got {got!r}, wanted {wanted!r}'


def stores_and_reads():
    c = client(default_noreply=False)
    equal(c.set('key', b'value'), True)
    equal(c.get('key'), b'value')
    equal(c.get('missing'), None)
    equal(c.get('missing', default=b'else'), b'else')
    equal(c.set('empty', b''), True)
    equal(c.get('empty'), b'')
    bytes_all = bytes(range(256)) * 8
    equal(c.set('binary', bytes_all), True)
    equal(c.get('binary'), bytes_all)
    equal(c.add('key', b'other'), False)
    equal(c.add('added', b'v'), True)
    equal(c.replace('missing', b'v'), False)
    equal(c.replace('added', b'w'), True)
    equal(c.append('added', b'>'), True)
    equal(c.prepend('added', b'<'), True)
    equal(c.get('added'), b'<w>')
    equal(c.delete('added'), True)
    equal(c.delete('added'), False)


def keeps_silent_when_asked():
    c = client(default_noreply=True)
    for number in range(1000):
        c.set(f'quiet-{number}', f'{number}'.encode())
    equal(c.get('quiet-999'), b'999')
    c.delete('quiet-999')
    c.incr('quiet-1', 5, noreply=True)
    equal(c.get_many(['quiet-1', 'quiet-998', 'quiet-999']), {'quiet-1': b'6', 'quiet-998': b'998'})


def swaps_by_cas():
    c = client(default_noreply=False)
    c.set('swapped', b'first')
    value, cas = c.gets('swapped')
    equal(value, b'first')
    equal(c.cas('swapped', b'second', cas), True)
    equal(c.cas('swapped', b'third', cas), False)
    equal(c.cas('missing', b'v', cas), None)
    equal(c.gets('missing'), (None, None))


def counts():
    c = client(default_noreply=False)
    c.set('counter', b'10')
    equal(c.incr('counter', 5), 15)
    equal(c.decr('counter', 20), 0)
    equal(c.incr('missing', 1), None)
    c.set('text', b'abc')
    try:
        c.incr('text', 1)
        raise AssertionError('incr of a text did not fail')
    except MemcacheClientError:
        pass


def handles_many_keys():
    c = client(default_noreply=False)
    values = {f'many-{number}': f'value {number}'.encode() for number in range(2000)}
    equal(c.set_many(values), [])
    equal(c.get_many([*values, 'missing']), values)
    found = c.gets_many(list(values)[:10])
    equal({key: value for key, (value, cas) in found.items()}, dict(list(values.items())[:10]))
    equal(c.delete_many(list(values)), True)
    equal(c.get_many(list(values)), {})


def expires():
    c = client(default_noreply=False)
    equal(c.set('kept', b'v', expire=100), True)
    equal(c.touch('kept', 200), True)
    equal(c.touch('missing', 200), False)
    equal(c.set('gone', b'v', expire=-1), True)
    equal(c.get('gone'), None)
    equal(c.get('kept'), b'v')


def carries_large_values():
    c = client(default_noreply=False)
    for size in (1, 10_000, 100_000, 1_000_000):
        value = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
        equal(c.set('large', value), True)
        assert c.get('large') == value, f'a value of {len(value)} bytes came back different'
    try:
        c.set('large', b'x' * 1_048_576)
        raise AssertionError('a value beyond the limit was stored')
    except MemcacheServerError:
        pass
    equal(c.get('large'), None)


def refuses_bad_keys():
    c = client(default_noreply=False)
    for key in ('with space', 'x' * 251, 'line\nend'):
        try:
            c.get(key)
            raise AssertionError(f'{key!r} was accepted')
        except MemcacheIllegalInputError:
            pass
    c = client(default_noreply=False, allow_unicode_keys=True)
    equal(c.set('schlüssel', b'v'), True)
    equal(c.get('schlüssel'), b'v')


def keeps_types():
    c = client(default_noreply=False, serde=serde.pickle_serde)
    value = {'list': [1, 2], 'tuple': (3, None), 'text': 'grüße'}
    equal(c.set('object', value), True)
    equal(c.get('object'), value)
    equal(c.set('number', 12), True)
    equal(c.get('number'), 12)


def administers():
    c = client(default_noreply=False)
    assert c.version().startswith(b'1.'), c.version()
    stats = c.stats()
    equal(stats[b'threads'], 2)
    assert stats[b'curr_items'] > 0
    equal(c.stats('settings')[b'tcpport'], PORT)
    equal(c.flush_all(), True)
    equal(c.get('key'), None)
    c.quit()


def spreads_over_servers():
    c = HashClient([ADDRESS, ADDRESS], use_pooling=True, timeout=10, tls_context=TLS)
    values = {f'spread-{number}': f'{number}'.encode() for number in range(200)}
    equal(c.set_many(values), [])
    equal(c.get_many(list(values)), values)


def serves_threads():
    pool = PooledClient(
        ADDRESS, max_pool_size=THREAD_COUNT, timeout=10, default_noreply=False, tls_context=TLS
    )
    pool.set('shared', b'0')
    failures = []

    def work(thread):
        try:
            for number in range(ROUND_COUNT):
                key, value = f'thread-{thread}-{number}', f'{thread}.{number}'.encode()
                equal(pool.set(key, value), True)
                equal(pool.get(key), value)
                pool.incr('shared', 1)
        except Exception as error:  # reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREAD_COUNT)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    equal(failures, [])
    equal(pool.get('shared'), str(THREAD_COUNT * ROUND_COUNT).encode())


for check in (
    stores_and_reads,
    keeps_silent_when_asked,
    swaps_by_cas,
    counts,
    handles_many_keys,
    expires,
    carries_large_values,
    refuses_bad_keys,
    keeps_types,
    administers,
    spreads_over_servers,
    serves_threads,
):
    check()
    print(check.__name__, flush=True)
