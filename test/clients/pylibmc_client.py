"""The everyday work of pylibmc, in text: python3 pylibmc_client.py HOST PORT

Each check prints its name; the first that fails ends the program with a traceback.
"""
import sys

import pylibmc

HOST, PORT = sys.argv[1], int(sys.argv[2])
SERVER = f'{HOST}:{PORT}'
BEHAVIORS = {'tcp_nodelay': True, 'cas': True, 'receive_timeout': 10_000_000}


def client(**behaviors):
    return pylibmc.Client([SERVER], binary=False, behaviors={**BEHAVIORS, **behaviors})


def equal(got, wanted):
    assert got == wanted, f'got {got!r}, wanted {wanted!r}'


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
    equal(c.replace('missing', 'w'), False)
    c.set('joined', b'b')
    equal(c.append('joined', b'c'), True)
    equal(c.prepend('joined', b'a'), True)
    equal(c.get('joined'), b'abc')


def swaps_by_cas():
    c = client()
    c.set('swapped', 'first')
    value, cas = c.gets('swapped')
    equal(value, 'first')
    equal(c.cas('swapped', 'second', cas), True)
    equal(c.cas('swapped', 'third', cas), False)
    equal(c.get('swapped'), 'second')


def counts():
    c = client()
    c.set('counter', 10)
    equal(c.incr('counter', 5), 15)
    equal(c.decr('counter', 3), 12)
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


def carries_large_values():
    c = client()
    for size in (10_000, 100_000, 1_000_000):
        value = bytes(number % 251 for number in range(1000)) * (size // 1000)
        equal(c.set('large', value), True)
        assert c.get('large') == value, f'a value of {size} bytes came back different'
    equal(c.set('compressed', 'x' * 3_000_000, min_compress_len=1000), True)
    equal(c.get('compressed'), 'x' * 3_000_000)
    try:
        c.set('large', b'x' * 1_048_576)
        raise AssertionError('a value beyond the limit was stored')
    except (pylibmc.TooBig, pylibmc.ServerError, pylibmc.Error):
        pass
    equal(client().get('large'), None)


def works_with_behaviors():
    for behaviors in ({'no_block': True}, {'ketama': True}, {'hash': 'murmur'}):
        c = client(**behaviors)
        for number in range(200):
            c.set(f'behaviour-{number}', number)
        equal(c.get('behaviour-199'), 199)
        found = c.get_multi([f'behaviour-{number}' for number in range(200)])
        equal(found, {f'behaviour-{number}': number for number in range(200)})


def spreads_over_servers():
    c = pylibmc.Client([SERVER, SERVER], behaviors={**BEHAVIORS, 'ketama': True})
    values = {f'spread-{number}': number for number in range(200)}
    equal(c.set_multi(values), [])
    equal(c.get_multi(list(values)), values)


def administers():
    c = client()
    [(name, stats)] = c.get_stats()
    assert name.startswith(SERVER.encode()), name
    assert int(stats['curr_items']) > 0, stats
    equal(c.flush_all(), True)
    equal(c.get('kept'), None)
    c.disconnect_all()


def pools():
    pool = pylibmc.ClientPool(client(), 4)
    with pool.reserve() as a, pool.reserve() as b:
        a.set('pooled', 'v')
        equal(b.get('pooled'), 'v')


for check in (
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
):
    check()
    print(check.__name__, flush=True)
