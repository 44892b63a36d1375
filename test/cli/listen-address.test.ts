import { describe, expect, it } from 'vitest';
import { listenTargets, listenTargetText } from '../../src/cli/listen-address.ts';
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
