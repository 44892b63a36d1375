"""The everyday work of pymemcache: python3 pymemcache_client.py SERVER SERVER

A server is HOST:PORT; both are empty. With username=NAME password=WORD clients authenticate by a first set,
with ca=FILE they speak TLS, and trust that authority. Each check prints its name; the first that fails ends
the program with a traceback.
"""
import json
import socket
import ssl
import sys
import threading
import time
import zlib

from pymemcache import serde
from pymemcache.client.base import Client, KeepaliveOpts, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.client.retrying import RetryingClient
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheIllegalInputError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
)

WORDS = [word.rsplit(':', 1) for word in sys.argv[1:] if '=' not in word]
ADDRESSES = [(host, int(port)) for host, port in WORDS]
OPTIONS = dict(word.split('=', 1) for word in sys.argv[1:] if '=' in word)
LINK = {'connect_timeout': 10, 'timeout': 10}
if 'ca' in OPTIONS:
    LINK['tls_context'] = ssl.create_default_context(cafile=OPTIONS['ca'])
EXPIRY_SEC_MAX = 20
THREAD_COUNT = 8
ROUND_COUNT = 200


class OwnClient(Client):
    """Says who it is when it connects. The protocol has no command for that: a first set does it."""

    credentials = '{username} {password}'.format(**OPTIONS) if 'username' in OPTIONS else None

    def _connect(self):
        super()._connect()
        if self.credentials is None:
            return
        word = self.credentials.encode()
        self.sock.sendall(b'set auth 0 0 %d\r\n%s\r\n' % (len(word), word))
        reply = b''
        while not reply.endswith(b'\n'):
            piece = self.sock.recv(1024)
            if not piece:
                raise MemcacheUnexpectedCloseError()
            reply += piece
        if reply != b'STORED\r\n':
            self.close()
            raise MemcacheClientError(reply)


class OwnPooledClient(PooledClient):
    client_class = OwnClient


class OwnHashClient(HashClient):
    client_class = OwnClient


def client(address=ADDRESSES[0], **options):
    return OwnClient(address, **LINK, **options)


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
    equal(c.set_many({'short-1': b'v', 'short-2': b'w'}, expire=1), [])
    deadline = time.monotonic() + EXPIRY_SEC_MAX
    while c.get_many(['short-1', 'short-2']) and time.monotonic() < deadline:
        time.sleep(0.05)
    equal(c.get_many(['short-1', 'short-2', 'kept']), {'kept': b'v'})


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

    class Compressed:
        """JSON, and zlib where it is long; the client flags tell which."""

        def serialize(self, key, value):
            text = json.dumps(value).encode()
            return (text, 1) if len(text) < 100 else (zlib.compress(text), 3)

        def deserialize(self, key, value, flags):
            return json.loads(zlib.decompress(value) if flags & 2 else value)

    c = client(default_noreply=False, serde=Compressed(), key_prefix=b'json:')
    values = {'short': 'grüße', 'long': list(range(10_000)), 'none': None}
    equal(c.set_many(values), [])
    equal(c.get_many(list(values)), values)
    equal(client().get('json:short'), b'"gr\\u00fc\\u00dfe"')


def administers():
    c = client(default_noreply=False)
    assert c.version().startswith(b'1.'), c.version()
    stats = c.stats()
    equal(stats[b'threads'], 2)
    assert stats[b'curr_items'] > 0
    equal(c.stats('settings')[b'tcpport'], ADDRESSES[0][1])
    assert any(name.startswith(b'items:') for name in c.stats('items'))
    equal(c.flush_all(), True)
    equal(c.get('key'), None)
    c.quit()
    equal(c.set('back', b'v'), True)


def spreads_over_servers():
    for options in ({}, {'use_pooling': True}):
        c = OwnHashClient(ADDRESSES, default_noreply=False, **LINK, **options)
        values = {f'spread-{number}': f'{number}'.encode() for number in range(200)}
        equal(c.set_many(values), [])
        equal(c.get_many([*values, 'missing']), values)
        equal(c.incr('spread-5', 2), 7)
        value, cas = c.gets('spread-7')
        equal(c.cas('spread-7', b'new', cas), True)
        equal(c.cas('spread-7', b'late', cas), False)
        equal(c.touch('spread-7', 100), True)
        for address in ADDRESSES:
            assert 20 < len(client(address).get_many(list(values))) < 180, address
        c.delete_many(list(values))
        equal(c.get_many(list(values)), {})
        c.quit()


def leaves_out_a_dead_server():
    with socket.socket() as nobody:
        nobody.bind((ADDRESSES[0][0], 0))  # and does not listen: connections are refused
        servers = [ADDRESSES[0], nobody.getsockname()]
        c = OwnHashClient(servers, ignore_exc=True, retry_attempts=0, default_noreply=False, **LINK)
        for number in range(50):
            c.set(f'left-{number}', b'first')
        values = {f'left-{number}': b'v' for number in range(50)}
        equal(c.set_many(values), [])
        equal(c.get_many(list(values)), values)


def connects_again():
    c = client(socket_keepalive=KeepaliveOpts(), default_noreply=False)
    c.set('kept', b'v')
    c.sock.shutdown(socket.SHUT_RDWR)
    again = RetryingClient(c, attempts=3, retry_for=[MemcacheUnexpectedCloseError, OSError])
    equal(again.get('kept'), b'v')


def serves_threads():
    pool = OwnPooledClient(ADDRESSES[0], max_pool_size=THREAD_COUNT, default_noreply=False, **LINK)
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


def lets_in_who_is_known():
    for credentials in ('{username} wrong', 'nobody {password}'):
        c = client(default_noreply=False)
        c.credentials = credentials.format(**OPTIONS)
        try:
            c.get('shared')
            raise AssertionError(f'{c.credentials} was accepted')
        except MemcacheClientError:
            pass
    try:
        Client(ADDRESSES[0], **LINK).get('shared')
        raise AssertionError('a client was let in that said no name')
    except MemcacheClientError:
        pass


CHECKS = [
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
    leaves_out_a_dead_server,
    connects_again,
    serves_threads,
]
if OwnClient.credentials is not None:
    CHECKS.append(lets_in_who_is_known)

for check in CHECKS:
    check()
    print(check.__name__, flush=True)
