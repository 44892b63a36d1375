import { describe, expect, it } from 'vitest';
import { listenTargets, listenTargetText, udpTargets } from '../../src/cli/listen-address.ts';
import { configOf } from './support.ts';

/** What is typed, and every address that is listened on, as messages name it. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['', ['port 11211']],
  ['-p 5', ['port 5']],
  ['-p -1', ['port 0']],
  ['-p 0', []],
  ['-s /tmp/s', []],
  ['-s /tmp/s -p 5 -l a', []],
  ['-p 0 -l a:1', []],
  ['-l 127.0.0.1', ['127.0.0.1:11211']],
  ['-l * -p 5', ['port 5']],
  ['-l *:6', ['port 6']],
  ['-l ::1 -p 5', ['[::1]:5']],
  ['-l [::1],[::1]:6,a,b:7 -p 5', ['[::1]:5', '[::1]:6', 'a:5', 'b:7']],
  ['-l fooble', ['fooble:11211']],
];

describe('listenTargets', () => {
  it.each(CASES)('%s', (line, targets) => {
    expect(listenTargets(configOf(line)).map(listenTargetText)).toEqual(targets);
  });

  it('has no host for all interfaces', () => {
    expect(listenTargets(configOf('-p -1'))).toEqual([
      { host: null, port: 0, tls: 'off', protocol: 'auto' },
    ]);
  });
});

const TLS = '-Z -o ssl_chain_cert=/c,ssl_key=/k,ssl_ca_cert=/a';

/** What is typed, and how each listener meets its clients and what it speaks. */
const MODES: readonly (readonly [string, readonly string[]])[] = [
  ['-l a', ['a:11211 off auto']],
  ['-B binary -l a,proto[ascii]:b', ['a:11211 off binary', 'b:11211 off ascii']],
  ['-l proto[binary]:[::1]:5', ['[::1]:5 off binary']],
  ['-B ascii -l proto[negotiating]:*:5', ['port 5 off auto']],
  [`${TLS} -p 5`, ['port 5 default auto']],
  [
    `${TLS} -l a,notls:b:5,btls:c,mtls:[::1]:6`,
    ['a:11211 default auto', 'b:5 off auto', 'c:11211 anonymous auto', '[::1]:6 require auto'],
  ],
  [`${TLS} -l notls:::1`, ['[::1]:11211 off auto']],
  [`${TLS} -l mtls:proto[ascii]:a:5`, ['a:5 require ascii']],
  ['-S --users-file /u -l a,proto[binary]:b', ['a:11211 off binary', 'b:11211 off binary']],
  ['-S --users-file /u -l proto[negotiating]:a', ['a:11211 off binary']],
  ['-Y /f -l a,proto[negotiating]:b', ['a:11211 off ascii', 'b:11211 off ascii']],
  ['-l tag:5', ['tag:5 off auto']],
];

describe('the prefixes of -l', () => {
  it.each(MODES)('%s', (line, modes) => {
    const targets = listenTargets(configOf(line));
    const texts = targets.map((target) => {
      return `${listenTargetText(target)} ${target.tls} ${target.protocol}`;
    });
    expect(texts).toEqual(modes);
  });
});

/** What is typed, and every address that datagrams may come to. */
const UDP_CASES: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['-U 0', []],
  ['-U 5', ['port 5']],
  ['-U -1', ['port 0']],
  ['-p 5 -U 6', ['port 6']],
  ['-p 0 -U 6 -l ::1', ['[::1]:6']],
  ['-p 5 -U 6 -l a,b:7', ['a:6', 'b:7']],
  ['-s /tmp/s -U 6', []],
];

describe('udpTargets', () => {
  it.each(UDP_CASES)('%s', (line, targets) => {
    expect(udpTargets(configOf(line)).map(listenTargetText)).toEqual(targets);
  });
});
