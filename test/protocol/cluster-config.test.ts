/** Node lists as people write them, and the payload that clients read. */
import { describe, expect, it } from 'vitest';
import {
  nodeListParse,
  nodesText,
  PAYLOAD_BYTES_MAX,
  payloadBytes,
} from '../../src/protocol/memcached/cluster-config.ts';

/** The nodes as they are served, or what is wrong. */
function nodes(text: string): string {
  const { value, problem } = nodeListParse(text);
  return problem ?? nodesText(value.nodes);
}

describe('a node list', () => {
  it.each([
    ['a|10.0.0.1|11211', 'a|10.0.0.1|11211'],
    ['a||11211', 'a||11211'],
    ['a:11211', 'a||11211'],
    ['a|::1|1 b|fe80::1|65535', 'a|::1|1 b|fe80::1|65535'],
    ['::1|::1|11211', '::1|::1|11211'],
    ['10.0.0.1:11211', '10.0.0.1||11211'],
    ['b:1,a:1', 'a||1 b||1'],
    ['  b:1 ,\n\ta:2\r\na:1  ', 'a||1 a||2 b||1'],
    ['# ours\nb:1\n  # and\na:1', 'a||1 b||1'],
    ['B:1 a:1 _x-y.z:1', 'B||1 _x-y.z||1 a||1'],
    ['', ''],
    ['7 a:1', 'a||1'],
  ])('reads %j', (text, expected) => {
    expect(nodes(text)).toBe(expected);
  });

  it.each([
    ['a', 'a is no node: host|ip|port or host:port'],
    ['a|b', 'a|b is no node: host|ip|port or host:port'],
    ['a|1.2.3.4|1|2', 'a|1.2.3.4|1|2 is no node: host|ip|port or host:port'],
    ['a:', 'a:: the port must be from 1 to 65535'],
    ['a:0', 'a:0: the port must be from 1 to 65535'],
    ['a:65536', 'a:65536: the port must be from 1 to 65535'],
    ['a:+1', 'a:+1: the port must be from 1 to 65535'],
    ['a|1.2.3.400|1', 'a|1.2.3.400|1: 1.2.3.400 is not an address'],
    ['a|name|1', 'a|name|1: name is not an address'],
    [':1', ':1: no host name'],
    ['||1', '||1: no host name'],
    ['-a:1', '-a:1: not a host name'],
    ['a..b:1', 'a..b:1: not a host name'],
    ['a.:1', 'a.:1: not a host name'],
    ['ä:1', 'ä:1: not a host name'],
    [`${'l'.repeat(64)}:1`, `${'l'.repeat(64)}:1: not a host name`],
    [`${'label.'.repeat(43)}:1`, `${'label.'.repeat(43)}:1: not a host name`],
    ['a:1 b:1 a:1', 'a:1 is listed twice'],
    ['0 a:1', '0 is no version: from 1, at most 15 digits'],
    ['1234567890123456 a:1', '1234567890123456 is no version: from 1, at most 15 digits'],
  ])('refuses %j', (text, expected) => {
    expect(nodes(text)).toBe(expected);
  });

  it('may start with its version', () => {
    expect(nodeListParse('12\na:1').value?.version).toBe(12);
    expect(nodeListParse('# comment\n 12 a:1').value?.version).toBe(12);
    expect(nodeListParse('a:1').value?.version).toBeNull();
  });

  it('is no longer than an entry of the config store', () => {
    const words = Array.from({ length: 3000 }, (_, at) => `cache${10000 + at}||11211`);
    expect(nodeListParse(words.join(' ')).problem).toBeNull();
    const longer = Array.from({ length: 3700 }, (_, at) => `cache${10000 + at}||11211`);
    expect(nodes(longer.join(' '))).toContain('nodes are too many');
  });
});

describe('a payload', () => {
  it('is what the reference shows, and can be read back', () => {
    const { value } = nodeListParse('name2|127.0.0.1|21212 name1|127.0.0.1|21211');
    const payload = payloadBytes({ version: 1, nodes: value?.nodes ?? [] }).toString('latin1');
    expect(payload).toBe('1\nname1|127.0.0.1|21211 name2|127.0.0.1|21212\n');
    expect(nodeListParse(payload).value).toEqual({ version: 1, nodes: value?.nodes });
    expect(payload.length).toBeLessThan(PAYLOAD_BYTES_MAX);
  });
});
