"""The everyday work of pylibmc: python3 pylibmc_client.py SERVER SERVER protocol=text|binary

A server is HOST:PORT; both are empty. With username=NAME password=WORD clients authenticate by SASL. Each
check prints its name; the first that fails ends the program with a traceback.
"""
import sys
import threading
import time

import pylibmc

SERVERS = [word for word in sys.argv[1:] if '=' not in word]
OPTIONS = dict(word.split('=', 1) for word in sys.argv[1:] if '=' in word)
IS_BINARY = OPTIONS['protocol'] == 'binary'
CREDENTIALS = {name: OPTIONS[name] for name in ('username', 'password') if name in OPTIONS}
BEHAVIORS = {'tcp_nodelay': True, 'cas': True, 'receive_timeout': 10_000_000}
EXPIRY_SEC_MAX = 20
THREAD_COUNT = 4
ROUND_COUNT = 100


def client(servers=SERVERS[:1], **behaviors):
    behaviors = {**BEHAVIORS, **behaviors}
    return pylibmc.Client(servers, binary=IS_BINARY, behaviors=behaviors, **CREDENTIALS)


def equal(got, wanted):
    assert got == wanted, f'got {got!r}, wanted {wanted!r}'


def refused(store, *arguments):
    """A store that finds nothing to work on: False in text, in binary an error as well."""
    try:
        equal(store(*arguments), False)
    except pylibmc.NotFound:
        assert IS_BINARY


def stores_and_reads():
    c = client()
    for value in ('text', 'grüße', b'\x00\r\n\xff', 42, 1 << 80, True, None, [1, {'a': (2, 3)}], ''):
        equal(c.set('typed', value), True)
        equal(c.get('typed'), value)
    equal(c.get('missing'), None)
    equal(c.get('missing', 'else'), 'else')
    equal('typed' in c, True)
    equal('missing' in c, False)
    c['mapped'] = 'v'
    equal(c['mapped'], 'v')
    del c['mapped']
    equal(c.delete('mapped'), False)


def stores_by_condition():
    c = client()
    equal(c.add('added', 'v'), True)
    equal(c.add('added', 'w'), False)
    equal(c.replace('added', 'w'), True)
    refused(c.replace, 'missing', 'w')
    c.set('joined', b'b')
    equal(c.append('joined', b'c'), True)
    equal(c.prepend('joined', b'a'), True)
    equal(c.get('joined'), b'abc')
    refused(c.append, 'missing', b'c')
    equal(c.add_multi({'added': 'w', 'added-1': 'v'}), ['added'])


def swaps_by_cas():
    c = client()
    c.set('swapped', 'first')
    value, cas = c.gets('swapped')
    equal(value, 'first')
    equal(c.cas('swapped', 'second', cas), True)
    equal(c.cas('swapped', 'third', cas), False)
    equal(c.get('swapped'), 'second')
    equal(c.gets('missing'), (None, None))


def counts():
    c = client()
    c.set('counter', 10)
    equal(c.incr('counter', 5), 15)
    equal(c.decr('counter', 3), 12)
    equal(c.decr('counter', 20), 0)
    c.set_multi({'counter-1': 1, 'counter-2': 2})
    c.incr_multi(['1', '2'], key_prefix='counter-', delta=10)
    equal(c.get_multi(['counter-1', 'counter-2']), {'counter-1': 11, 'counter-2': 12})
    c.set('wide', (1 << 64) - 2)
    equal(c.incr('wide', 1), (1 << 64) - 1)
    c.set('text', 'abc')
    try:
        c.incr('text')
        raise AssertionError('incr of a text did not fail')
    except pylibmc.Error:
        pass
    try:
        c.incr('missing')
        raise AssertionError('incr of a missing key did not fail')
    except pylibmc.NotFound:
        pass


def handles_many_keys():
    c = client()
    values = {f'many-{number}': f'value {number}' * (number % 50) for number in range(2000)}
    equal(c.set_multi(values), [])
    equal(c.get_multi([*values, 'missing']), values)
    equal(c.get_multi(['1', '2'], key_prefix='many-'), {'1': values['many-1'], '2': values['many-2']})
    equal(c.delete_multi(list(values)), True)
    equal(c.get_multi(list(values)), {})


def expires():
    c = client()
    equal(c.set('kept', 'v', time=100), True)
    equal(c.touch('kept', 200), True)
    equal(c.get('kept'), 'v')
    equal(c.touch('missing', 200), False)
    equal(c.set('short', 'v', time=1), True)
    equal(c.add_multi({'short-1': 'v', 'short-2': 'w'}, time=1), [])
    deadline = time.monotonic() + EXPIRY_SEC_MAX
    while c.get_multi(['short', 'short-1', 'short-2']) and time.monotonic() < deadline:
        time.sleep(0.05)
    equal(c.get_multi(['short', 'short-1', 'short-2', 'kept']), {'kept': 'v'})


def carries_large_values():
    c = client()
    for size in (10_000, 100_000, 1_000_000):
        value = bytes(number % 251 for number in range(1000)) * (size // 1000)
        equal(c.set('large', value), True)
        assert c.get('large') == value, f'a value of {size} bytes came back different'
    equal(c.set('compressed', 'x' * 3_000_000, min_compress_len=1000), True)
    equal(c.get('compressed'), 'x' * 3_000_000)
    texts = {f'compressed-{number}': f'{number} ' * 5_000 for number in range(20)}
    equal(c.set_multi(texts, min_compress_len=1000, compress_level=9), [])
    equal(c.get_multi(list(texts)), texts)
    try:
        c.set('large', b'x' * 1_048_576)
        raise AssertionError('a value beyond the limit was stored')
    except (pylibmc.TooBig, pylibmc.ServerError, pylibmc.Error):
        pass
    equal(client().get('large'), None)


def works_with_behaviors():
    for at, behaviors in enumerate((
        {'no_block': True},
        {'ketama': True},
        {'ketama_weighted': True, 'ketama_hash': 'md5', 'remove_failed': 3},
        {'hash': 'murmur', 'distribution': 'consistent'},
        {'tcp_keepalive': True, 'auto_eject': True},
        {'num_replicas': 1} if IS_BINARY else {'verify_keys': True, '_noreply': True},
    )):
        c = client(SERVERS, **behaviors)
        values = {f'behaviour-{at}-{number}': number for number in range(200)}
        for key, value in values.items():
            c.set(key, value)
        equal(c.get(f'behaviour-{at}-199'), 199)
        equal(c.get_multi(list(values)), values)
        c.delete(f'behaviour-{at}-1')
        equal(c.get(f'behaviour-{at}-1'), None)


def spreads_over_servers():
    c = client(SERVERS, ketama=True)
    values = {f'spread-{number}': number for number in range(200)}
    equal(c.set_multi(values), [])
    equal(c.get_multi(list(values)), values)
    for server in SERVERS:
        assert 20 < len(client([server]).get_multi(list(values))) < 180, server


def administers():
    c = client()
    [(name, stats)] = c.get_stats()
    assert name.startswith(SERVERS[0].encode()), name
    assert int(stats['curr_items']) > 0, stats
    equal(c.flush_all(), True)
    equal(c.get('kept'), None)
    c.disconnect_all()
    equal(c.set('back', 'v'), True)


def pools():
    pool = pylibmc.ClientPool(client(), 4)
    with pool.reserve() as a, pool.reserve() as b:
        a.set('pooled', 'v')
        equal(b.get('pooled'), 'v')
    client().set('shared', 0)
    each_own = pylibmc.ThreadMappedPool(client())
    failures = []

    def work(thread):
        try:
            with each_own.reserve() as c:
                for number in range(ROUND_COUNT):
                    equal(c.set(f'thread-{thread}', number), True)
                    equal(c.get(f'thread-{thread}'), number)
                    c.incr('shared')
        except Exception as error:  # reported by the main thread
            failures.append(error)
        finally:
            each_own.relinquish()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREAD_COUNT)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    equal(failures, [])
    equal(client().get('shared'), THREAD_COUNT * ROUND_COUNT)


def lets_in_who_is_known():
    for credentials in ({**CREDENTIALS, 'password': 'wrong'}, {**CREDENTIALS, 'username': 'nobody'}):
        c = pylibmc.Client(SERVERS[:1], binary=True, behaviors=BEHAVIORS, **credentials)
        try:
            c.get('kept')
            raise AssertionError(f'{credentials} were accepted')
        except pylibmc.Error:
            pass


CHECKS = [
    stores_and_reads,
    stores_by_condition,
    swaps_by_cas,
    counts,
    handles_many_keys,
    expires,
    carries_large_values,
    works_with_behaviors,
    spreads_over_servers,
    administers,
    pools,
]
if CREDENTIALS:
    CHECKS.append(lets_in_who_is_known)

for check in CHECKS:
    check()
    print(check.__name__, flush=True)
